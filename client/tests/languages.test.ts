import { describe, expect, test } from "vitest";
import { lookup, ownName, parseLanguages, proposal, same } from "../src/languages";

const METADATA = JSON.stringify({
  other: "kept by somebody else",
  translator: {
    languages: { es: "Español", "pt-BR": "Português (Brasil)", "zh-Hant": "繁體中文" },
    spoken: ["es", "en"],
    problem: null,
  },
});

describe("look-up", () => {
  test.each([
    ["es", "es"],
    ["es-MX", "es"],
    ["ES-mx", "es"],
    ["pt-BR", "pt-BR"],
    ["zh-Hant-TW", "zh-Hant"],
    ["zh-Hant-x-private", "zh-Hant"],
    ["pt", null],
    ["pt-PT", null],
    ["est", null],
    ["", null],
  ])("%s finds %s", (wanted, found) => {
    expect(lookup(wanted, ["es", "pt-BR", "zh-Hant"])).toBe(found);
  });

  test("the browser's first language that there is is proposed", () => {
    expect(proposal(["eu-ES", "es-ES", "en"], ["en", "es"])).toBe("es");
    expect(proposal(["eu"], ["en", "es"])).toBeNull();
    expect(proposal([], ["en"])).toBeNull();
  });

  test("regions do not part a language", () => {
    expect(same("es-MX", "ES")).toBe(true);
    expect(same("es", "est")).toBe(false);
  });
});

describe("the room's metadata", () => {
  test("says which languages there are", () => {
    const languages = parseLanguages(METADATA);
    expect([...(languages?.offered ?? [])][0]).toEqual(["es", "Español"]);
    expect(languages?.spoken).toEqual(["es", "en"]);
    expect(languages?.problem).toBeNull();
  });

  test("tells those that can be heard from those that can only be read", () => {
    const languages = { es: "Español", de: "Deutsch" };
    const told = (translator: object) =>
      parseLanguages(JSON.stringify({ translator: { languages, ...translator } }))?.voices;
    expect(told({ voices: ["es"] })).toEqual(["es"]);
    expect(told({})).toEqual(["es", "de"]);
  });

  test("says because of whom nothing more may be spent", () => {
    const told = (limited: unknown) =>
      parseLanguages(JSON.stringify({ translator: { languages: {}, limited } }))?.limited;
    expect(told(["p-ada", 7])).toEqual(["p-ada"]);
    expect(told(undefined)).toEqual([]);
  });

  test("says why nobody is interpreted", () => {
    const metadata = JSON.stringify({ translator: { languages: {}, problem: "encrypted" } });
    expect(parseLanguages(metadata)?.problem).toBe("encrypted");
  });

  test.each([undefined, "", "{", "[]", "7", "{}", '{"translator": 1}', '{"translator": {}}'])(
    "%s says nothing",
    (metadata) => {
      expect(parseLanguages(metadata)).toBeNull();
    },
  );

  test("what is no code or no name is left out", () => {
    const languages = { es: "Español", "<b>": "x", fr: 7, de: "", "a b": "x" };
    const found = parseLanguages(JSON.stringify({ translator: { languages, spoken: ["es", 1] } }));
    expect([...(found?.offered.keys() ?? [])]).toEqual(["es"]);
    expect(found?.spoken).toEqual(["es"]);
  });

  test("an endless list ends", () => {
    const languages = Object.fromEntries(
      Array.from({ length: 5000 }, (_, i) => [`x${i.toString(26).replace(/\d/g, "a")}`, "x"]),
    );
    const found = parseLanguages(JSON.stringify({ translator: { languages } }));
    expect(found?.offered.size).toBe(300);
  });

  test("a language that is only spoken has its own name, too", () => {
    const languages = parseLanguages(METADATA);
    expect(ownName("es", languages)).toBe("Español");
    expect(ownName("fr", languages)).toBe("Français");
    expect(ownName("not a code", languages)).toBe("not a code");
  });
});
