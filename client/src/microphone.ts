/** One's own microphone: on, off, and why not. Listening goes on, whatever happens here. */

import {
  createAudioAnalyser,
  LocalAudioTrack,
  type LocalTrackPublication,
  type Room,
  Track,
} from "livekit-client";
import { strings } from "./strings";

type Analyser = ReturnType<typeof createAudioAnalyser>;

export type MicrophoneState = "off" | "starting" | "on";

const CAPTURE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Microphone {
  private starting = false;
  private analyser: { track: LocalAudioTrack; analyser: Analyser } | null = null;
  /** What is wrong and what to do; null where nothing is. */
  problem: string | null = null;

  constructor(
    private readonly room: Room,
    private readonly changed: () => void,
  ) {}

  get state(): MicrophoneState {
    if (this.starting) return "starting";
    return this.room.localParticipant.isMicrophoneEnabled ? "on" : "off";
  }

  /** Loudness now, from 0 to 1. */
  get level(): number {
    return this.analyser?.analyser.calculateVolume() ?? 0;
  }

  async turn(on: boolean): Promise<void> {
    if (this.starting) return;
    this.starting = on;
    this.problem = null;
    this.changed();
    try {
      const options = on ? CAPTURE : undefined;
      await this.room.localParticipant.setMicrophoneEnabled(on, options);
    } catch (error) {
      this.problem = problemOf(error, window.isSecureContext);
    }
    this.starting = false;
    this.refresh();
  }

  /** It may have been muted by the server, or unplugged. */
  refresh(): void {
    const publication: LocalTrackPublication | undefined =
      this.room.localParticipant.getTrackPublication(Track.Source.Microphone);
    const live = this.state === "on" ? publication?.track : undefined;
    this.measure(live instanceof LocalAudioTrack ? live : null);
    this.changed();
  }

  private measure(track: LocalAudioTrack | null): void {
    if (this.analyser?.track === track) return;
    void this.analyser?.analyser.cleanup();
    this.analyser = track && { track, analyser: createAudioAnalyser(track, { cloneTrack: true }) };
  }
}

/** Why a microphone could not be had, for people. */
export function problemOf(error: unknown, secure: boolean): string {
  if (!secure) return strings.microphone.insecure;
  switch (error instanceof Error || error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "PermissionDeniedError":
    case "SecurityError":
      return strings.microphone.denied;
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
      return strings.microphone.missing;
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
      return strings.microphone.busy;
    case "PublishTrackError":
    case "PublishDataError":
      return strings.microphone.refused;
    default:
      return strings.microphone.failed;
  }
}
