import { describe, expect, test } from "vitest";
import { join, linkIn, look } from "../src/api";
import { strings } from "../src/strings";

const JOINED = {
  url: "ws://127.0.0.1:7880",
  token: "t",
  identity: "p-1",
  meeting: "m",
  title: "Assembly",
  role: "attendee",
  name: "Ana",
  voice: false,
};

const answering =
  (body: unknown, init?: ResponseInit): typeof fetch =>
  async () =>
    new Response(typeof body === "string" ? body : JSON.stringify(body), init);

describe("a join", () => {
  test("sends link and name, and gives what came", async () => {
    const sent: RequestInit[] = [];
    const joined = await join("secret", "<b>Ana</b>", true, async (_, init) => {
      sent.push(init ?? {});
      return new Response(JSON.stringify(JOINED));
    });
    expect(joined).toEqual(JOINED);
    expect(JSON.parse(String(sent[0]?.body))).toEqual({
      link: "secret",
      name: "<b>Ana</b>",
      voice: true,
    });
  });

  test.each([
    [422, "name", "A name has at most 60 characters."],
    [404, "link", "This link leads to no meeting."],
    [410, "expired", "This link has expired."],
    [409, "full", "The meeting is full."],
    [503, "closed", "The meeting is closed."],
  ])("refused with %i says what the server says", async (status, code, message) => {
    const refused = join("l", "n", false, answering({ error: { code, message } }, { status }));
    await expect(refused).rejects.toMatchObject({ code, message });
  });

  test("that came too often says when to try again", async () => {
    const refused = join(
      "l",
      "n",
      false,
      answering(
        { error: { code: "rate", message: "Too many." } },
        { status: 429, headers: { "Retry-After": "30" } },
      ),
    );
    await expect(refused).rejects.toThrow(`Too many. ${strings.tryAgainIn(30)}`);
  });

  test.each([
    ["a page instead", "<html>", 200],
    ["half an answer", { url: "ws://x" }, 200],
    ["a bare failure", "", 500],
    ["an error without words", { error: { code: 1 } }, 400],
  ])("answered with %s is not understood", async (_, body, status) => {
    await expect(join("l", "n", false, answering(body, { status }))).rejects.toThrow(
      strings.notUnderstood,
    );
  });

  test("without a network says so", async () => {
    const offline: typeof fetch = async () => {
      throw new TypeError("Failed to fetch");
    };
    await expect(join("l", "n", false, offline)).rejects.toThrow(strings.unreachable);
  });
});

describe("a link", () => {
  test("says for whom it is, and whether a voice is to be asked for", async () => {
    const sent: string[] = [];
    const found = await look("secret", async (path, init) => {
      sent.push(`${path} ${init?.body}`);
      return new Response(
        JSON.stringify({ title: "x", role: "speaker", name: "Ana", voice: true }),
      );
    });
    expect(found).toEqual({ name: "Ana", voice: true });
    expect(sent).toEqual(['/api/link {"link":"secret"}']);
  });

  test.each([
    ["no link", { error: { code: "link", message: "Unknown." } }, 404],
    ["no JSON", "<html>", 200],
    ["nothing", null, 200],
    ["something else", { name: 3, voice: true }, 200],
  ])("that is %s asks nothing", async (_, body, status) => {
    expect(await look("l", answering(body, { status }))).toBeNull();
  });

  test("asks for no voice unless it clearly does", async () => {
    expect(await look("l", answering({ name: "Ana", voice: "yes" }))).toEqual({
      name: "Ana",
      voice: false,
    });
  });

  test("asks nothing without a network", async () => {
    const offline: typeof fetch = async () => {
      throw new TypeError("Failed to fetch");
    };
    expect(await look("l", offline)).toBeNull();
  });
});

test.each([
  ["/m/abc_DEF-123", "abc_DEF-123"],
  ["/m/abc/", "abc"],
  ["/m/a%20b", "a b"],
  ["/m/%zz", null],
  ["/m/", null],
  ["/", null],
  ["/m/a/b", null],
])("the link in %s is %s", (path, link) => {
  expect(linkIn(path)).toBe(link);
});
