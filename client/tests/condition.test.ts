import { describe, expect, test } from "vitest";
import { type Condition, down, interprets, missing, parseConditions } from "../src/condition";
import { strings } from "../src/strings";

const SPOKEN = ["en", "es", "fr"];
const named = (code: string) => ({ en: "English", fr: "Français" })[code] ?? code;

function wire(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { voice: "on", as_said: [], why: null, down: [], ...changes };
}

function told(
  conditions: Record<string, unknown>,
  wanted: { listen: string; read: string },
): string[] {
  const parsed = parseConditions(JSON.stringify(conditions));
  return missing(parsed, wanted, SPOKEN).map((one) => strings.missing(one, named));
}

const SILENT = wire({ voice: "captions", why: "engine", down: ["elevenlabs"] });
const UNRENDERED = wire({ as_said: ["en", "fr"], why: "engine", down: ["openai"] });

describe("the attribute", () => {
  test("says what can be had of a language", () => {
    expect(parseConditions(JSON.stringify({ es: SILENT })).get("es")).toEqual({
      voice: "captions",
      asSaid: [],
      why: "engine",
      down: ["elevenlabs"],
    });
  });

  test.each([undefined, "", "null", "[]", "3", "{", '{"es": null}', '{"es": {"voice": "loud"}}'])(
    "of %s nothing is missing",
    (attribute) => {
      expect(parseConditions(attribute).size).toBe(0);
    },
  );

  test("is read in part where a part is strange", () => {
    const strange = wire({ as_said: ["en", 3], why: "weather", down: "all", more: 1 });
    expect(parseConditions(JSON.stringify({ es: strange, fr: 1 }))).toEqual(
      new Map([["es", { voice: "on", asSaid: ["en"], why: null, down: [] } satisfies Condition]]),
    );
  });
});

describe("who listens or reads is told", () => {
  test("nothing while nothing is missing", () => {
    expect(told({}, { listen: "es", read: "es" })).toEqual([]);
    expect(told({ es: wire({ down: ["openai"] }) }, { listen: "es", read: "es" })).toEqual([]);
    expect(told({ es: SILENT }, { listen: "fr", read: "fr" })).toEqual([]);
  });

  test("that there is no voice, and that captions go on", () => {
    const [sentence] = told({ es: SILENT }, { listen: "es", read: "es" });
    expect(sentence).toMatch(/^No voice at the moment.*Captions go on\.$/);
    expect(told({ es: SILENT }, { listen: "", read: "es" })).toEqual([]);
  });

  test("that it costs too much", () => {
    const costly = wire({ voice: "captions", why: "cost" });
    expect(told({ es: costly }, { listen: "es", read: "" })[0]).toContain("spent");
    const off = wire({ voice: "off", why: "cost" });
    expect(told({ es: off }, { listen: "es", read: "es" })).toHaveLength(1);
    expect(told({ es: off }, { listen: "", read: "es" })[0]).toContain("Not interpreted any more");
  });

  test("that text stands as it was said", () => {
    expect(told({ es: UNRENDERED }, { listen: "es", read: "es" })).toEqual([
      "What is said stands here as it was said: no engine that translates can be reached.",
    ]);
  });

  test("of which languages, where others are translated", () => {
    const some = wire({ as_said: ["fr"], why: "engine" });
    expect(told({ es: some }, { listen: "", read: "es" })[0]).toContain("What is said in Français");
    const two = wire({ as_said: ["en", "fr"], why: "engine" });
    expect(told({ de: two }, { listen: "", read: "de" })[0]).toContain("in English and Français");
  });

  test("that it is not interpreted, where nothing of it is read", () => {
    const [sentence] = told({ es: UNRENDERED }, { listen: "es", read: "floor" });
    expect(sentence).toContain("is not interpreted at the moment");
  });

  test("both, where both are missing", () => {
    const both = { es: { ...SILENT, as_said: ["en", "fr"] } };
    expect(told(both, { listen: "es", read: "es" })).toHaveLength(2);
  });
});

describe("who is interpreted", () => {
  const conditions = parseConditions(
    JSON.stringify({ es: SILENT, de: wire({ as_said: ["en"], why: "engine" }) }),
  );

  test("nobody while a channel has no voice", () => {
    expect(interprets(conditions.get("es"), "en")).toBe(false);
    expect(interprets(conditions.get("es"), null)).toBe(false);
  });

  test("not who speaks a language that nothing translates", () => {
    expect(interprets(conditions.get("de"), "en-GB")).toBe(false);
    expect(interprets(conditions.get("de"), "fr")).toBe(true);
    expect(interprets(conditions.get("de"), null)).toBe(true);
  });

  test("everybody else", () => {
    expect(interprets(undefined, "en")).toBe(true);
  });
});

test("organizers see which engines are not used, each once", () => {
  const conditions = parseConditions(JSON.stringify({ es: SILENT, fr: SILENT, de: UNRENDERED }));
  expect(strings.down(down(conditions))).toBe("Not used at the moment: elevenlabs, openai");
  expect(strings.down([])).toBe("");
});

test("a notice says what is used instead", () => {
  expect(strings.unavailable("elevenlabs", "speak")).toBe(
    "elevenlabs does not speak at the moment",
  );
  expect(strings.instead(["azure", "espeak"])).toBe("Used in its place: azure, espeak");
  expect(strings.instead([])).toBe("Nothing is used in its place");
  expect(strings.since(new Date(2026, 10, 23, 9, 5))).toBe("Since 09:05");
});
