/** What is heard: one audio element for each track, each as loud as it should be. */

import type { RemoteTrack } from "livekit-client";
import { ramped } from "./loudness";

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

  /** Play a track, from the beginning as loud as `goal`. */
  play(track: RemoteTrack, identity: string, goal: number): void {
    const one = { track, now: goal, goal };
    this.playing.set(track, one);
    const element = track.attach();
    element.dataset.identity = identity;
    this.place.append(element);
    setVolume(one);
  }

  /** Make a track that plays as loud as `goal`, gradually. */
  fade(track: RemoteTrack, goal: number): void {
    const one = this.playing.get(track);
    if (one === undefined || one.goal === goal) return;
    one.goal = goal;
    if (this.timer !== undefined) return;
    this.stepped = performance.now();
    this.timer = setTimeout(this.step, STEP_MS);
  }

  /** Play a track no longer. */
  stop(track: RemoteTrack): void {
    this.playing.delete(track);
    for (const element of track.detach()) element.remove();
  }

  stopAll(): void {
    for (const track of [...this.playing.keys()]) this.stop(track);
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
    const moving = [...this.playing.values()].some((one) => one.now !== one.goal);
    this.timer = moving ? setTimeout(this.step, STEP_MS) : undefined;
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
