/** Who is who in the room, and what of them is heard. */

import {
  ParticipantKind,
  type RemoteParticipant,
  type RemoteTrackPublication,
  Track,
} from "livekit-client";

/** Beginning of the identity of a language's channel. */
export const PREFIX = "translator-";
const RESERVED = [PREFIX, "bridge-", "booth-"];
const PERSONS: readonly ParticipantKind[] = [
  ParticipantKind.STANDARD,
  ParticipantKind.SIP,
  ParticipantKind.INGRESS,
  ParticipantKind.CONNECTOR,
];
const SPOKEN: readonly Track.Source[] = [Track.Source.Microphone, Track.Source.ScreenShareAudio];

export function isPerson(participant: RemoteParticipant): boolean {
  return (
    PERSONS.includes(participant.kind) &&
    !RESERVED.some((prefix) => participant.identity.startsWith(prefix))
  );
}

/** What a participant says aloud; booths and pictures are none of it. */
export function tracksOf(participant: RemoteParticipant): RemoteTrackPublication[] {
  return [...participant.audioTrackPublications.values()].filter(({ source }) =>
    SPOKEN.includes(source),
  );
}
