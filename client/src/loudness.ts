/** How loud a person is heard beside the interpreter. Pure. */

import { same } from "./languages";

/** Loudness of who is interpreted, where the original sound is wanted underneath. */
export const UNDERNEATH = 0.12;
/** Seconds in which loudness changes from silent to full. */
const RAMP = 0.3;

export interface Hearing {
  /** The language listened to; "" for people themselves. */
  readonly listen: string;
  /** Whether its interpreter can be heard now. */
  readonly interpreted: boolean;
  /** Whether the original sound is wanted underneath. */
  readonly underneath: boolean;
}

/** Loudness, from 0 to 1, of a person who spoke `language` last; null: nobody knows. */
export function loudness(hearing: Hearing, language: string | null): number {
  const { listen, interpreted, underneath } = hearing;
  // Without an interpreter people themselves are all that there is to hear; and the channel does
  // not repeat those who speak its language.
  if (listen === "" || !interpreted || (language !== null && same(language, listen))) return 1;
  return underneath ? UNDERNEATH : 0;
}

/** `now`, moved towards `goal` for `elapsed` seconds. */
export function ramped(now: number, goal: number, elapsed: number): number {
  const step = elapsed / RAMP;
  return goal > now ? Math.min(goal, now + step) : Math.max(goal, now - step);
}
