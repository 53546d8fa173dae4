/**
 * What this person wants, as attributes of its participant. The newest wishes win: what changes
 * while an update is on its way goes with the next one, and a lost update is sent again.
 */

export const LISTEN = "translator.listen";
export const READ = "translator.read";
export const SPEAK = "translator.speak";
export const VOICE = "translator.voice";
export const FILL = "translator.captions";

type Attributes = Readonly<Record<string, string>>;
type Send = (attributes: Attributes) => Promise<void>;

/** Milliseconds until an update that was lost is sent again. */
const AGAIN_MS = 2000;
/** Milliseconds between two wishes for captions: the bridge answers no faster. */
const FILL_EVERY_MS = 1100;

export class Wishes {
  private wanted: Attributes = {};
  private waiting: Attributes = {};
  private readonly gaps = new Map<string, number>();
  private asked = 0;
  /** What was asked for last, while its answer is on the way. */
  private open: readonly [stream: string, afterSeq: number] | null = null;
  private asking: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private sending = false;
  private online = false;

  constructor(private readonly send: Send) {}

  /** Want these; unchanged ones are not sent again. */
  want(attributes: Attributes): void {
    const changed = Object.entries(attributes).filter(([key, value]) => this.wanted[key] !== value);
    if (changed.length === 0) return;
    this.wanted = { ...this.wanted, ...attributes };
    this.waiting = { ...this.waiting, ...Object.fromEntries(changed) };
    void this.flush();
  }

  /** Want the committed captions of a stream after `seq`; 0: the last ones. */
  fill(stream: string, afterSeq: number): void {
    this.miss(stream, afterSeq);
    this.ask();
  }

  /** Captions of what is no longer read are no longer missed. */
  forgetGaps(): void {
    this.gaps.clear();
    this.open = null;
  }

  /** The room takes wishes: tell it all of them, since it may know none. */
  resume(): void {
    this.online = true;
    this.waiting = { ...this.wanted };
    void this.flush();
    this.ask();
  }

  /** The room takes none, for now or for good. */
  pause(): void {
    this.online = false;
    clearTimeout(this.again);
    clearTimeout(this.asking);
    this.asking = undefined;
    if (this.open !== null) this.miss(...this.open);
    this.open = null;
  }

  private miss(stream: string, afterSeq: number): void {
    this.gaps.set(stream, Math.min(afterSeq, this.gaps.get(stream) ?? afterSeq));
  }

  /** One wish for captions at a time: each replaces the one before in the same attribute. */
  private ask(): void {
    const [next] = this.gaps;
    if (!this.online || this.asking !== undefined || next === undefined) return;
    const [stream, afterSeq] = next;
    this.gaps.delete(stream);
    this.open = next;
    this.asked += 1;
    const wish = JSON.stringify({ stream, after_seq: afterSeq, n: this.asked });
    this.waiting = { ...this.waiting, [FILL]: wish };
    void this.flush();
    this.asking = setTimeout(() => {
      this.asking = undefined;
      this.open = null;
      this.ask();
    }, FILL_EVERY_MS);
  }

  private async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    while (this.online && Object.keys(this.waiting).length > 0) {
      const attributes = this.waiting;
      this.waiting = {};
      try {
        await this.send(attributes);
      } catch {
        this.waiting = { ...attributes, ...this.waiting };
        if (this.online) this.again = setTimeout(() => void this.flush(), AGAIN_MS);
        break;
      }
    }
    this.sending = false;
  }
}
