/** The page: a door, then a meeting. */

import { JoinError, type Joined, join, linkIn, look } from "./api";
import { down, missing } from "./condition";
import { Controls } from "./controls";
import { element, setText } from "./dom";
import { Door } from "./door";
import { ownName } from "./languages";
import { Log } from "./log";
import { keep } from "./memory";
import { Notices } from "./notices";
import { paragraphs } from "./paragraphs";
import { Session, type Status } from "./session";
import { strings } from "./strings";
import { keepAwake } from "./wake";

const link = linkIn(location.pathname);
const meeting = element("meeting", HTMLElement);
const title = element("title", HTMLHeadingElement);
const players = element("players", HTMLDivElement);
const status = element("status", HTMLParagraphElement);
const statusText = element("status-text", HTMLSpanElement);
const lag = element("lag", HTMLSpanElement);
const skipped = element("skipped", HTMLParagraphElement);
const missed = element("missing", HTMLSpanElement);
const unused = element("down", HTMLParagraphElement);
const usualVoice = element("usual-voice", HTMLButtonElement);
const disclosure = element("disclosure", HTMLSpanElement);
const again = element("again", HTMLButtonElement);
const sound = element("sound", HTMLButtonElement);
const empty = element("empty", HTMLParagraphElement);
const fine = element("fine", HTMLParagraphElement);

const door = new Door((name, voice) => void enter(name, voice));
const log = new Log();
const notices = new Notices();
const controls = new Controls(
  () => choose(),
  () => void session?.leave(),
);

let session: Session | null = null;
/** Made for a join that was refused; the next one takes it. */
let spare: Session | null = null;
let name = "";
let role = "";
/** Whether this person agreed to be heard in a copy of its voice. */
let agreed = false;
/** Why joining again failed. */
let refusal = "";
let drawing = false;

again.addEventListener("click", () => void enter(name, agreed));
usualVoice.addEventListener("click", () => stopUsingVoice());
sound.addEventListener("click", () => void session?.startSound());

if (link !== null) void look(link).then((invitation) => invitation && door.ask(invitation));

/** Join, for the first time or again. */
async function enter(wanted: string, voice: boolean): Promise<void> {
  const next = spare ?? prepared();
  spare = next;
  void next.startSound(); // while the click still counts
  door.wait();
  again.disabled = true;
  try {
    if (link === null) throw new JoinError("link", strings.noLink);
    const joined = await join(link, wanted, voice);
    show(joined);
    spare = null;
    session = next;
    next.choose(controls.choices);
    draw();
    void next.connect(joined.url, joined.token);
  } catch (error) {
    const message = error instanceof JoinError ? error.message : strings.notUnderstood;
    if (session === null) door.refuse(message);
    else refusal = message;
    draw();
  } finally {
    again.disabled = false;
  }
}

function prepared(): Session {
  const next: Session = new Session(controls.choices, players, {
    changed: () => next === session && draw(),
    captioned: () => next === session && draw(),
    told: (fact) => notices.tell(fact),
  });
  return next;
}

function show(joined: Joined): void {
  ({ name, role } = joined);
  agreed = joined.voice;
  usualVoice.hidden = !agreed;
  usualVoice.ariaDisabled = null;
  setText(usualVoice, strings.stopUsingVoice);
  refusal = "";
  keep("name", name);
  door.open();
  meeting.hidden = false;
  document.title = `${joined.title} · ${strings.product}`;
  setText(title, joined.title);
  title.focus();
  const told = strings.roles[role] ?? role;
  setText(element("who", HTMLParagraphElement), `${name} · ${told}`);
}

function stopUsingVoice(): void {
  session?.takeBackConsent();
  agreed = false;
  // It stays: who pressed it has the focus there, and reads what it says now.
  usualVoice.ariaDisabled = "true";
  setText(usualVoice, strings.usualVoice);
}

function choose(): void {
  session?.choose(controls.choices);
  draw();
}

/** Draw all that changed before the next frame, or soon where the page is not seen. */
function draw(): void {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    if (session !== null) drawSession(session);
  }, 16);
}

function drawSession(now: Session): void {
  if (controls.show(now)) now.choose(controls.choices);
  drawStatus(now);
  drawCaptions(now);
  keepAwake(!now.over);
  const problem = now.languages?.problem ?? (now.encrypted ? strings.encrypted : "");
  const limit = now.limited ? strings.limited : "";
  setText(element("room-problem", HTMLParagraphElement), `${problem} ${limit}`.trim());
}

function drawStatus(now: Session): void {
  const current = now.status;
  status.dataset.kind = current.kind;
  setText(statusText, textOf(current, now));
  const state = current.kind === "hearing" ? current.state : null;
  setText(lag, state !== null && state.lag > 0 ? strings.behind(state) : "");
  setText(skipped, state?.skipped ? strings.skipped(state.skipped) : "");
  drawMissing(now);
  const by = { machine: strings.byMachine, booth: strings.byPerson, floor: "", none: "" };
  setText(disclosure, state === null ? "" : by[state.onAir]);
  again.hidden = !now.over;
  sound.hidden = now.audible || now.over;
}

/** What cannot be had now, and, to organizers, which engines are not used. */
function drawMissing(now: Session): void {
  const { conditions, languages } = now;
  const found = missing(conditions, controls.choices, languages?.spoken ?? []);
  const sentences = found.map((one) => strings.missing(one, (code) => ownName(code, languages)));
  setText(missed, now.over ? "" : sentences.join(" "));
  setText(unused, role === "organizer" && !now.over ? strings.down(down(conditions)) : "");
}

function textOf(current: Status, now: Session): string {
  if (now.over && refusal !== "") return refusal;
  switch (current.kind) {
    case "hearing":
      return strings.hearing(ownName(current.language, now.languages));
    case "original":
      return strings.hearingOriginal;
    default:
      return strings[current.kind];
  }
}

function drawCaptions(now: Session): void {
  const { read } = controls.choices;
  const { captions } = now;
  const shown = read === "" ? [] : paragraphs(captions.lines, captions.tails, captions.reading);
  log.show(shown, now.languages);
  setText(
    empty,
    read === "" && now.languages !== null ? strings.noCaptionsWanted : strings.noCaptionsYet,
  );
  empty.hidden = shown.length > 0;
  setText(fine, read === "" ? "" : strings.captionsByMachine);
}
