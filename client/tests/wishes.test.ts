import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FILL, LISTEN, READ, Wishes } from "../src/wishes";

/** A room that takes attributes, or loses them. */
class Room {
  readonly taken: Record<string, string>[] = [];
  failures = 0;
  slow: Promise<void> = Promise.resolve();

  readonly send = async (attributes: Readonly<Record<string, string>>): Promise<void> => {
    await this.slow;
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("timed out");
    }
    this.taken.push({ ...attributes });
  };

  get fills(): unknown[] {
    return this.taken.flatMap((one) => (one[FILL] === undefined ? [] : [JSON.parse(one[FILL])]));
  }
}

let room: Room;
let wishes: Wishes;

beforeEach(() => {
  vi.useFakeTimers();
  room = new Room();
  wishes = new Wishes(room.send);
});

afterEach(() => {
  wishes.pause();
  vi.useRealTimers();
});

const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

test("wishes wait for the room", async () => {
  wishes.want({ [LISTEN]: "es" });
  await settle();
  expect(room.taken).toEqual([]);
  wishes.resume();
  await settle();
  expect(room.taken).toEqual([{ [LISTEN]: "es" }]);
});

test("a wish that stays is not sent again", async () => {
  wishes.resume();
  wishes.want({ [LISTEN]: "es", [READ]: "" });
  await settle();
  wishes.want({ [LISTEN]: "es", [READ]: "fr" });
  await settle();
  expect(room.taken).toEqual([{ [LISTEN]: "es", [READ]: "" }, { [READ]: "fr" }]);
});

test("only the newest of what changes meanwhile is sent", async () => {
  let arrive = (): void => {};
  room.slow = new Promise((resolve) => {
    arrive = resolve;
  });
  wishes.resume();
  for (const code of ["es", "fr", "pt"]) wishes.want({ [LISTEN]: code });
  arrive();
  await settle();
  expect(room.taken).toEqual([{ [LISTEN]: "es" }, { [LISTEN]: "pt" }]);
});

test("a lost wish is sent again, unless there is a newer one", async () => {
  room.failures = 1;
  wishes.resume();
  wishes.want({ [LISTEN]: "es", [READ]: "es" });
  await settle();
  expect(room.taken).toEqual([]);
  wishes.want({ [LISTEN]: "fr" });
  await settle(5000);
  expect(room.taken).toEqual([{ [LISTEN]: "fr", [READ]: "es" }]);
});

test("a room that comes back is told everything", async () => {
  wishes.resume();
  wishes.want({ [LISTEN]: "es" });
  await settle();
  wishes.pause();
  wishes.want({ [READ]: "fr" });
  wishes.resume();
  await settle();
  expect(room.taken.at(-1)).toEqual({ [LISTEN]: "es", [READ]: "fr" });
});

test("missing captions are asked for one stream at a time, no faster than they are answered", async () => {
  wishes.resume();
  wishes.fill("floor/en", 4);
  wishes.fill("floor/fr", 9);
  await settle();
  expect(room.fills).toEqual([{ stream: "floor/en", after_seq: 4, n: 1 }]);
  await settle(1200);
  expect(room.fills.at(-1)).toEqual({ stream: "floor/fr", after_seq: 9, n: 2 });
});

test("gaps of one stream become one wish, from the first", async () => {
  wishes.resume();
  wishes.fill("es", 0);
  await settle();
  wishes.fill("es", 30);
  wishes.fill("es", 12);
  await settle(5000);
  expect(room.fills).toEqual([
    { stream: "es", after_seq: 0, n: 1 },
    { stream: "es", after_seq: 12, n: 2 },
  ]);
});

test("what was asked for when the room went away is asked for again", async () => {
  wishes.resume();
  wishes.fill("es", 4);
  await settle(100);
  wishes.pause();
  wishes.fill("es", 30);
  wishes.resume();
  await settle();
  expect(room.fills.at(-1)).toEqual({ stream: "es", after_seq: 4, n: 2 });
});

test("what was answered long before the room went away is not asked for again", async () => {
  wishes.resume();
  wishes.fill("es", 4);
  await settle(5000);
  wishes.pause();
  wishes.resume();
  await settle(5000);
  expect(room.fills).toHaveLength(1);
});

test("what is no longer read is no longer asked for", async () => {
  wishes.resume();
  wishes.fill("es", 1);
  wishes.fill("es", 2);
  await settle();
  wishes.forgetGaps();
  wishes.pause();
  wishes.resume();
  await settle(5000);
  expect(room.fills).toHaveLength(1);
});
