import { DisconnectReason } from "livekit-client";
import { expect, test } from "vitest";
import { problemOf } from "../src/microphone";
import { endOf } from "../src/session";
import { strings } from "../src/strings";

test.each([
  [DisconnectReason.DUPLICATE_IDENTITY, "duplicate"],
  [DisconnectReason.PARTICIPANT_REMOVED, "removed"],
  [DisconnectReason.ROOM_DELETED, "ended"],
  [DisconnectReason.ROOM_CLOSED, "ended"],
  [DisconnectReason.CLIENT_INITIATED, "left"],
  [DisconnectReason.SERVER_SHUTDOWN, "lost"],
  [DisconnectReason.STATE_MISMATCH, "lost"],
  [undefined, "lost"],
] as const)("a connection that ends for reason %s is %s", (reason, end) => {
  expect(endOf(reason)).toBe(end);
  expect(strings[end]).not.toBe("");
});

const calm = { onAir: "machine", lag: 3.24, pace: 1.05, terse: false, skipped: 0 } as const;

test.each([
  [calm, ", 3.2 s behind"],
  [{ ...calm, lag: 12, pace: 1.1 }, ", 12.0 s behind · speaking faster"],
  [
    { ...calm, lag: 12, pace: 1.25, terse: true },
    ", 12.0 s behind · speaking faster · in fewer words where possible",
  ],
] as const)("a channel of %o says how far it is behind, and what is done", (state, text) => {
  expect(strings.behind(state)).toBe(text);
});

test("what was skipped is said with where to find it", () => {
  expect(strings.skipped(1)).toBe("Skipped 1 sentence to catch up; it is in the captions.");
  expect(strings.skipped(3)).toContain("3 sentences");
});

const named = (name: string) => Object.assign(new Error("x"), { name });

test.each([
  ["NotAllowedError", strings.microphone.denied],
  ["NotFoundError", strings.microphone.missing],
  ["NotReadableError", strings.microphone.busy],
  ["PublishTrackError", strings.microphone.refused],
  ["SomethingElse", strings.microphone.failed],
])("a microphone that ends in %s says what to do", (name, text) => {
  expect(problemOf(named(name), true)).toBe(text);
});

test("an insecure page says that it is the reason", () => {
  expect(problemOf(new TypeError("no mediaDevices"), false)).toBe(strings.microphone.insecure);
});
