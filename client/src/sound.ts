/** What is heard: one audio element for each track, each as loud as it should be. */

import type { RemoteTrack } from "livekit-client";
import { ramped } from "./loudness";

/** A track that should be heard. */
export interface Heard {
  readonly identity: string;
  /** From 0 to 1. */
  readonly loudness: number;
}

interface Playing {
  readonly track: RemoteTrack;
  now: number;
  goal: number;
}

const STEP_MS = 20;

export class Sound {
  private readonly playing = new Map<RemoteTrack, Playing>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stepped = 0;

  constructor(private readonly place: HTMLElement) {}

  /** Play exactly these; what plays already changes its loudness gradually. */
  play(heard: ReadonlyMap<RemoteTrack, Heard>): void {
    for (const track of [...this.playing.keys()]) if (!heard.has(track)) this.stop(track);
    for (const [track, { identity, loudness }] of heard) {
      const one = this.playing.get(track);
      if (one === undefined) this.start(track, identity, loudness);
      else one.goal = loudness;
    }
    if (this.timer !== undefined || !this.changing) return;
    this.stepped = performance.now();
    this.timer = setTimeout(this.step, STEP_MS);
  }

  private start(track: RemoteTrack, identity: string, loudness: number): void {
    const one = { track, now: loudness, goal: loudness };
    this.playing.set(track, one);
    const element = track.attach();
    element.dataset.identity = identity;
    this.place.append(element);
    setVolume(one);
  }

  private stop(track: RemoteTrack): void {
    this.playing.delete(track);
    for (const element of track.detach()) element.remove();
  }

  private get changing(): boolean {
    return [...this.playing.values()].some((one) => one.now !== one.goal);
  }

  private readonly step = (): void => {
    const at = performance.now();
    const elapsed = (at - this.stepped) / 1000;
    this.stepped = at;
    for (const one of this.playing.values()) {
      if (one.now === one.goal) continue;
      one.now = ramped(one.now, one.goal, elapsed);
      setVolume(one);
    }
    this.timer = this.changing ? setTimeout(this.step, STEP_MS) : undefined;
  };
}

function setVolume({ track, now }: Playing): void {
  if ("setVolume" in track && typeof track.setVolume === "function") track.setVolume(now);
}

/** Whether audio elements can be made quieter here: on iOS they cannot, and a mixer must. */
export function elementsHaveVolume(): boolean {
  const probe = new Audio();
  probe.volume = 0.5;
  return probe.volume === 0.5;
}
