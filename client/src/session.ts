/**
 * One stay in one meeting's room.
 *
 * Room events only note that something changed; `reconcile` then makes what is subscribed, heard
 * and wished for what it should be. Captions, states and notices are taken from agents only, and
 * nothing that a person's attributes say is believed.
 */

import {
  ConnectionError,
  ConnectionErrorReason,
  DisconnectReason,
  ParticipantKind,
  type RemoteParticipant,
  type RemoteTrack,
  Room,
  RoomEvent,
  setLogLevel,
} from "livekit-client";
import { Captions, type Gap } from "./captions";
import { CHANNEL, type ChannelState, parseChannel } from "./channel";
import { CONDITIONS, type Conditions, interprets, parseConditions } from "./condition";
import { type Languages, parseLanguages } from "./languages";
import { loudness } from "./loudness";
import { CAPTION_TOPIC, FACT_TOPIC, type Fact, parseCaption, parseFact } from "./messages";
import { Microphone } from "./microphone";
import { isPerson, PREFIX, tracksOf } from "./participants";
import { elementsHaveVolume, type Heard, Sound } from "./sound";
import { LISTEN, READ, SPEAK, VOICE, Wishes } from "./wishes";

/** What a person chose. */
export interface Choices {
  /** A language to hear; "" for people themselves. */
  readonly listen: string;
  /** A language to read, `floor` for what is spoken, "" for nothing. */
  readonly read: string;
  /** The language that the person speaks; "" to have it detected. */
  readonly speak: string;
  /** Whether people are heard underneath their interpreter. */
  readonly underneath: boolean;
}

/** Why a stay is over. */
export type End = "left" | "lost" | "ended" | "removed" | "duplicate" | "refused";

export type Status =
  | { readonly kind: "connecting" | "waiting" | "original" | "reconnecting" | End }
  | { readonly kind: "hearing"; readonly language: string; readonly state: ChannelState | null };

/** Who is told of what happens. */
export interface Watcher {
  /** The status, the languages, the microphone or the sound changed. */
  changed(): void;
  captioned(): void;
  told(fact: Fact): void;
}

/** Attribute of the bridge that is another one when it has begun anew. */
const ZERO = "translator.zero";

// At "info" the console shows names and addresses.
setLogLevel("warn");

export class Session {
  readonly captions = new Captions();
  readonly microphone: Microphone;
  private readonly room: Room;
  private readonly sound: Sound;
  private readonly wishes: Wishes;
  private phase: "connecting" | "connected" | "reconnecting" | End = "connecting";
  private zero: string | undefined;
  private connections = 0;
  /** The bridge and the stream whose captions were asked for, and on which connection. */
  private caughtUp = { source: "", connection: 0 };
  private known: Languages | null = null;

  constructor(
    private choices: Choices,
    place: HTMLElement,
    private readonly watcher: Watcher,
  ) {
    this.room = new Room({
      webAudioMix: !elementsHaveVolume(),
      publishDefaults: { stopMicTrackOnMute: true },
    });
    this.sound = new Sound(place);
    this.wishes = new Wishes((attributes) => this.room.localParticipant.setAttributes(attributes));
    this.microphone = new Microphone(this.room, () => this.watcher.changed());
    this.listenToRoom();
  }

  /** Whether the stay is over. */
  get over(): boolean {
    return !["connecting", "connected", "reconnecting"].includes(this.phase);
  }

  get status(): Status {
    if (this.phase !== "connected") return { kind: this.phase };
    const { listen } = this.choices;
    if (listen === "") {
      const waits = this.known === null || (this.choices.read !== "" && this.bridge === undefined);
      return { kind: waits ? "waiting" : "original" };
    }
    const channel = this.channel;
    if (channel === undefined || tracksOf(channel).length === 0) return { kind: "waiting" };
    return { kind: "hearing", language: listen, state: stateOf(channel) };
  }

  /** What the meeting offers; null while it has not said so. */
  get languages(): Languages | null {
    return this.known;
  }

  /** What of each language can be had now. */
  get conditions(): Conditions {
    return parseConditions(this.bridge?.attributes[CONDITIONS]);
  }

  /** Whether this person may speak. */
  get maySpeak(): boolean {
    return this.room.localParticipant.permissions?.canPublish === true;
  }

  /** Whether the browser lets sound play. */
  get audible(): boolean {
    return this.room.canPlaybackAudio;
  }

  /** Whether nothing more may be spent because of this person. */
  get limited(): boolean {
    return this.languages?.limited.includes(this.room.localParticipant.identity) ?? false;
  }

  /** Whether somebody's sound is encrypted, for which this page has no key. */
  get encrypted(): boolean {
    return this.persons.some((person) => tracksOf(person).some((one) => one.isEncrypted));
  }

  /** Have sound play: to be called in answer to a click. */
  async startSound(): Promise<void> {
    try {
      await this.room.startAudio();
    } catch {
      // The browser still refuses; `audible` says so.
    }
    this.watcher.changed();
  }

  /** Join; the stay is over when it fails. */
  async connect(url: string, token: string): Promise<void> {
    try {
      await this.room.connect(url, token, { autoSubscribe: false });
    } catch (error) {
      this.end(isRefusal(error) ? "refused" : "lost");
      return;
    }
    if (this.over) return;
    this.enter();
  }

  async leave(): Promise<void> {
    this.end("left");
    await this.room.disconnect();
  }

  /** Take other choices. */
  choose(choices: Choices): void {
    this.choices = choices;
    this.reconcile();
  }

  /** Be heard in one of the usual voices from now on. */
  takeBackConsent(): void {
    this.wishes.want({ [VOICE]: "usual" });
  }

  private listenToRoom(): void {
    const reconcile = () => this.reconcile();
    const refresh = () => this.microphone.refresh();
    this.room
      .on(RoomEvent.DataReceived, (payload, from, _kind, topic) => this.take(payload, from, topic))
      .on(RoomEvent.RoomMetadataChanged, reconcile)
      .on(RoomEvent.ParticipantConnected, reconcile)
      .on(RoomEvent.ParticipantAttributesChanged, reconcile)
      .on(RoomEvent.ParticipantDisconnected, (participant) => this.miss(participant))
      .on(RoomEvent.TrackPublished, reconcile)
      .on(RoomEvent.TrackUnpublished, reconcile)
      .on(RoomEvent.TrackSubscribed, reconcile)
      .on(RoomEvent.TrackUnsubscribed, reconcile)
      .on(RoomEvent.ParticipantPermissionsChanged, () => this.watcher.changed())
      .on(RoomEvent.AudioPlaybackStatusChanged, () => this.watcher.changed())
      .on(RoomEvent.LocalTrackPublished, refresh)
      .on(RoomEvent.LocalTrackUnpublished, refresh)
      .on(RoomEvent.TrackMuted, refresh)
      .on(RoomEvent.TrackUnmuted, refresh)
      .on(RoomEvent.SignalReconnecting, () => this.lose())
      .on(RoomEvent.Reconnecting, () => this.lose())
      .on(RoomEvent.Reconnected, () => this.enter())
      .on(RoomEvent.Disconnected, (reason) => this.drop(reason));
  }

  private drop(reason: DisconnectReason | undefined): void {
    // `connect` knows better why it failed.
    if (this.phase !== "connecting") this.end(endOf(reason));
  }

  /** The room is there, or there again. */
  private enter(): void {
    this.phase = "connected";
    this.connections += 1;
    this.wishes.resume();
    this.reconcile();
  }

  private lose(): void {
    if (this.over) return;
    this.phase = "reconnecting";
    this.wishes.pause();
    this.watcher.changed();
  }

  private end(why: End): void {
    if (this.over) return;
    this.phase = why;
    this.wishes.pause();
    this.sound.play(new Map());
    this.microphone.refresh();
    this.watcher.changed();
  }

  private reconcile(): void {
    if (this.phase !== "connected") return;
    this.known = parseLanguages(this.room.metadata) ?? this.known;
    this.noteBridge();
    this.wish();
    this.catchUp();
    this.subscribe();
    this.watcher.changed();
  }

  private wish(): void {
    const { listen, read, speak } = this.choices;
    // Who reads nothing still needs captions to know who is to be heard in full.
    const stream = read || listen;
    this.wishes.want({ [LISTEN]: listen, [READ]: stream });
    if (this.maySpeak) this.wishes.want({ [SPEAK]: speak });
    if (stream === this.captions.reading) return;
    this.captions.read(stream);
    this.wishes.forgetGaps();
    this.watcher.captioned();
  }

  /** A bridge that has begun anew counts anew. */
  private noteBridge(): void {
    const zero = this.bridge?.attributes[ZERO];
    if (zero === undefined || zero === this.zero) return;
    if (this.zero !== undefined) this.captions.restart();
    this.zero = zero;
  }

  /**
   * Ask for the latest captions, once for every bridge and stream: what a bridge sent before the
   * server told us of it was not believed, and comes with these. Once for every further
   * connection, ask for what was said meanwhile.
   */
  private catchUp(): void {
    const { reading } = this.captions;
    if (this.zero === undefined || reading === "") return;
    const { source, connection } = this.caughtUp;
    this.caughtUp = {
      source: JSON.stringify([this.zero, reading]),
      connection: this.connections,
    };
    if (source !== this.caughtUp.source) this.wishes.fill(reading, 0);
    else if (connection !== this.connections) {
      for (const { stream, afterSeq } of this.captions.since) this.wishes.fill(stream, afterSeq);
    }
  }

  private subscribe(): void {
    for (const participant of this.room.remoteParticipants.values()) {
      const heard = isPerson(participant) || participant === this.channel;
      for (const publication of tracksOf(participant)) {
        const wanted = heard && !publication.isEncrypted;
        if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
      }
    }
    this.balance();
  }

  /** Everybody as loud as they should be; who is no longer wanted is silent at once. */
  private balance(): void {
    const heard = new Map<RemoteTrack, Heard>();
    for (const participant of this.room.remoteParticipants.values()) {
      const { identity } = participant;
      for (const { track, isDesired } of tracksOf(participant)) {
        if (!track || !isDesired) continue;
        heard.set(track, { identity, loudness: this.loudnessOf(participant) });
      }
    }
    this.sound.play(heard);
  }

  private loudnessOf(participant: RemoteParticipant): number {
    if (!isPerson(participant)) return 1;
    const { listen, underneath } = this.choices;
    const language = this.captions.languageOf(participant.identity);
    const interpreted = this.interpreted && interprets(this.conditions.get(listen), language);
    return loudness({ listen, interpreted, underneath }, language);
  }

  private miss(participant: RemoteParticipant): void {
    this.captions.leave(participant.identity);
    this.watcher.captioned();
    this.reconcile();
  }

  private take(payload: Uint8Array, from: RemoteParticipant | undefined, topic?: string): void {
    if (from?.kind !== ParticipantKind.AGENT) return;
    if (topic === CAPTION_TOPIC) this.takeCaption(payload);
    if (topic === FACT_TOPIC) {
      const fact = parseFact(payload);
      if (fact !== null) this.watcher.told(fact);
    }
  }

  private takeCaption(payload: Uint8Array): void {
    const message = parseCaption(payload);
    if (message === null) return;
    const gap: Gap | null = this.captions.push(message);
    if (gap !== null) this.wishes.fill(gap.stream, gap.afterSeq);
    this.balance();
    this.watcher.captioned();
  }

  private get persons(): RemoteParticipant[] {
    return [...this.room.remoteParticipants.values()].filter(isPerson);
  }

  private get bridge(): RemoteParticipant | undefined {
    return [...this.room.remoteParticipants.values()].find(
      (one) => one.kind === ParticipantKind.AGENT && one.attributes[ZERO] !== undefined,
    );
  }

  /** The participant that speaks the language listened to; gone while nobody is interpreted. */
  private get channel(): RemoteParticipant | undefined {
    const { listen } = this.choices;
    const one = listen === "" ? undefined : this.room.getParticipantByIdentity(PREFIX + listen);
    return one?.kind === ParticipantKind.AGENT ? (one as RemoteParticipant) : undefined;
  }

  private get interpreted(): boolean {
    const { channel } = this;
    return (
      channel !== undefined &&
      tracksOf(channel).some((one) => one.track !== undefined) &&
      stateOf(channel)?.onAir !== "none"
    );
  }
}

/** Why the server ended the connection. */
export function endOf(reason: DisconnectReason | undefined): End {
  switch (reason) {
    case DisconnectReason.CLIENT_INITIATED:
      return "left";
    case DisconnectReason.DUPLICATE_IDENTITY:
      return "duplicate";
    case DisconnectReason.PARTICIPANT_REMOVED:
      return "removed";
    case DisconnectReason.ROOM_DELETED:
    case DisconnectReason.ROOM_CLOSED:
      return "ended";
    default:
      return "lost";
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed;
}

function stateOf(channel: RemoteParticipant): ChannelState | null {
  return parseChannel(channel.attributes[CHANNEL]);
}
