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
