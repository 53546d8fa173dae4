import { describe, expect, test } from "vitest";
import { parseChannel } from "../src/channel";
import { parseCaption, parseFact } from "../src/messages";
import { bytes, wire } from "./make";

describe("captions", () => {
  test("a segment with its tail is understood", () => {
    const tail = wire({ kind: "tail", segment_id: null, revision: 3, text: "a todos" });
    const parsed = parseCaption(bytes(wire({ tail })));
    expect(parsed?.caption).toMatchObject({ seq: 7, segmentId: "s7", speakerName: "Ana" });
    expect(parsed?.tail).toMatchObject({ revision: 3, text: "a todos" });
    expect(parsed?.fill).toBe(false);
  });

  test("one that was asked for says so", () => {
    expect(parseCaption(bytes(wire({ fill: true })))?.fill).toBe(true);
  });

  test("markup stays text", () => {
    const text = "<img src=x onerror=alert(1)>";
    expect(parseCaption(bytes(wire({ text })))?.caption.text).toBe(text);
  });

  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["an array", [wire()]],
    ["null", null],
    ["a number", 7],
    ["another version", wire({ v: 2 })],
    ["a negative seq", wire({ seq: -1 })],
    ["a seq that is no integer", wire({ seq: 1.5 })],
    ["a seq beyond counting", wire({ seq: 1e300 })],
    ["a seq that is text", wire({ seq: "7" })],
    ["an unknown kind", wire({ kind: "script" })],
    ["an unknown origin", wire({ origin: "root" })],
    ["text that is none", wire({ text: { toString: "x" } })],
    ["a name that is none", wire({ speaker_name: null })],
    ["times that are none", wire({ start: "NaN" })],
    ["a missing stream", wire({ stream: undefined })],
  ])("%s is no caption", (_, payload) => {
    expect(parseCaption(bytes(payload))).toBeNull();
  });

  test("bytes that are no UTF-8 are no caption", () => {
    expect(parseCaption(new Uint8Array([0xff, 0xfe, 0x7b]))).toBeNull();
  });

  test("a broken tail does not take the segment with it", () => {
    const parsed = parseCaption(bytes(wire({ tail: { text: 1 } })));
    expect(parsed?.caption.text).toBe("hola");
    expect(parsed?.tail).toBeNull();
  });

  test("a prototype cannot be smuggled in", () => {
    const parsed = parseCaption(bytes('{"__proto__": {"v": 1}, "v": 1}'));
    expect(parsed).toBeNull();
  });
});

describe("facts", () => {
  test("changed settings come with their changes", () => {
    const fact = { fact: "SettingsChanged", at: 1, number: 2, changes: ["a: 1 -> 2", 7] };
    expect(parseFact(bytes(fact))).toEqual({
      fact: "SettingsChanged",
      number: 2,
      changes: ["a: 1 -> 2"],
    });
  });

  test("refused settings come with their faults", () => {
    expect(parseFact(bytes({ fact: "SettingsRefused", faults: ["line 3"] }))).toEqual({
      fact: "SettingsRefused",
      faults: ["line 3"],
    });
  });

  test("says which engine is not used, why, and what is used instead", () => {
    const fact = { fact: "Availability", engine: "vendor", stage: "speak", available: false };
    const whole = { ...fact, why: "vendor was not reached", instead: ["robot"] };
    expect(parseFact(bytes({ ...whole, at: 3 }))).toEqual(whole);
    expect(parseFact(bytes({ ...fact, why: "" }))).toMatchObject({ instead: [] });
  });

  test("a ceiling comes with what people read of it", () => {
    const fact = { fact: "Ceiling", message: "8.10 of 10 USD are spent." };
    expect(parseFact(bytes({ ...fact, ceiling: "meeting", at: 3 }))).toEqual(fact);
  });

  test("a failure comes with its stage", () => {
    const fact = { fact: "Failed", stage: "hear", language: null, message: "no key" };
    expect(parseFact(bytes(fact))).toEqual(fact);
  });

  test.each([
    { fact: "Spoken", segment_id: "s1" },
    { fact: "Failed", stage: 1, message: "x" },
    { fact: "Availability", engine: "a", stage: "speak", available: "no", why: "" },
    { fact: "SettingsChanged", number: "2" },
    { fact: "Ceiling", message: 7 },
    { fact: "constructor" },
    [],
    "x",
  ])("%o is not for people", (fact) => {
    expect(parseFact(bytes(fact))).toBeNull();
  });
});

describe("the state of a channel", () => {
  test("is what is on air, and the lag", () => {
    expect(parseChannel('{"on_air": "machine", "lag": 3.2}')).toEqual({
      onAir: "machine",
      lag: 3.2,
      pace: 1,
      terse: false,
      skipped: 0,
    });
  });

  test("is what is done to catch up", () => {
    const attribute = '{"on_air": "machine", "lag": 9, "pace": 1.25, "terse": true, "skipped": 2}';
    expect(parseChannel(attribute)).toMatchObject({ pace: 1.25, terse: true, skipped: 2 });
  });

  test.each([
    { pace: "fast", terse: 1, skipped: -3 },
    { pace: 0, terse: "true", skipped: 1.5 },
  ])("takes no measure for %o", (fields) => {
    const attribute = JSON.stringify({ on_air: "machine", lag: 1, ...fields });
    expect(parseChannel(attribute)).toMatchObject({ pace: 1, terse: false, skipped: 0 });
  });

  test("never lags ahead", () => {
    expect(parseChannel('{"on_air": "booth", "lag": -1}')?.lag).toBe(0);
  });

  test.each([undefined, "", "{", "null", '{"on_air": "x", "lag": 1}', '{"on_air": "none"}'])(
    "%s is none",
    (attribute) => {
      expect(parseChannel(attribute)).toBeNull();
    },
  );
});
