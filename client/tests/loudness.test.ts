import { describe, expect, test } from "vitest";
import { loudness, ramped, UNDERNEATH } from "../src/loudness";

const spanish = { listen: "es", interpreted: true, underneath: true };

describe("how loud a person is heard", () => {
  test("in full by who listens to people themselves", () => {
    expect(loudness({ ...spanish, listen: "" }, "en")).toBe(1);
  });

  test("in full when speaking the language listened to: the channel does not repeat it", () => {
    expect(loudness(spanish, "es")).toBe(1);
    expect(loudness(spanish, "es-MX")).toBe(1);
  });

  test("underneath when interpreted", () => {
    expect(loudness(spanish, "en")).toBe(UNDERNEATH);
  });

  test("underneath while nobody knows the language", () => {
    expect(loudness(spanish, null)).toBe(UNDERNEATH);
  });

  test("not at all where the original is not wanted", () => {
    expect(loudness({ ...spanish, underneath: false }, "en")).toBe(0);
    expect(loudness({ ...spanish, underneath: false }, "es")).toBe(1);
  });

  test("in full while there is no interpreter to hear", () => {
    expect(loudness({ ...spanish, interpreted: false }, "en")).toBe(1);
    expect(loudness({ ...spanish, interpreted: false, underneath: false }, "en")).toBe(1);
  });
});

describe("a change of loudness", () => {
  test("takes 300 ms from silent to full, and back", () => {
    expect(ramped(0, 1, 0.15)).toBeCloseTo(0.5);
    expect(ramped(1, 0, 0.15)).toBeCloseTo(0.5);
    expect(ramped(0, 1, 0.3)).toBe(1);
  });

  test("ends at its goal, however late the step", () => {
    expect(ramped(1, UNDERNEATH, 5)).toBe(UNDERNEATH);
    expect(ramped(0.5, 0.5, 5)).toBe(0.5);
  });
});
