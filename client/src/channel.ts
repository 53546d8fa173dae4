/** What is on air in a language's channel: attribute `translator.channel`. */

export const CHANNEL = "translator.channel";

export interface ChannelState {
  readonly onAir: "machine" | "booth" | "floor" | "none";
  /** Seconds from the speech to its rendition. */
  readonly lag: number;
  /** How fast the machine speaks: 1 as usual, up to 1.25 to catch up. */
  readonly pace: number;
  /** Whether renditions are asked to be shorter. */
  readonly terse: boolean;
  /** Renditions that were not spoken in the last minute, so that others came in time. */
  readonly skipped: number;
}

const KINDS: readonly unknown[] = ["machine", "booth", "floor", "none"];

/** The state, or null while there is none. */
export function parseChannel(attribute: string | undefined): ChannelState | null {
  try {
    const fields = JSON.parse(attribute ?? "") as Record<string, unknown>;
    const { on_air: onAir, lag, pace, terse, skipped } = fields;
    if (!KINDS.includes(onAir) || typeof lag !== "number" || !Number.isFinite(lag)) return null;
    return {
      onAir: onAir as ChannelState["onAir"],
      lag: Math.max(lag, 0),
      pace: typeof pace === "number" && pace > 0 ? pace : 1,
      terse: terse === true,
      skipped: Number.isSafeInteger(skipped) ? Math.max(skipped as number, 0) : 0,
    };
  } catch {
    return null;
  }
}
