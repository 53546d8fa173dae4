/** All that the page says. */

import type { ChannelState } from "./channel";
import type { Missing } from "./condition";

/** A pace that listeners notice. */
const AUDIBLE_PACE = 1.1;

const seconds = new Intl.NumberFormat("en", {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const listed = new Intl.ListFormat("en", { type: "conjunction" });

/** What is said in some languages, or all that is said where none is named. */
function whatIsSaid(spoken: readonly string[], named: (code: string) => string): string {
  return spoken.length === 0
    ? "What is said"
    : `What is said in ${listed.format(spoken.map(named))}`;
}

export const strings = {
  product: "Interpreted meeting",
  original: "Original",
  nothing: "Nothing",
  asSpoken: "As spoken",
  detect: "Detect automatically",

  joining: "Joining…",
  noLink: "This address has no meeting. Open the whole link that you were invited with.",
  nameMissing: "Say your name, so that others know who speaks.",
  unreachable: "The server cannot be reached. Check your connection, then join again.",
  notUnderstood: "The server gave an answer that this page does not understand. Reload the page.",
  tryAgainIn: (wait: number) => `Try again in ${wait} s.`,
  noSecurePage:
    "This page was not opened over a secure connection (https), and the browser offers no media on it.",

  connecting: "Connecting…",
  waiting: "Waiting for the interpreter…",
  hearing: (language: string) => `Hearing ${language}`,
  behind: ({ lag, pace, terse }: ChannelState) =>
    [
      `, ${seconds.format(lag)} s behind`,
      ...(pace >= AUDIBLE_PACE ? ["speaking faster"] : []),
      ...(terse ? ["in fewer words where possible"] : []),
    ].join(" · "),
  skipped: (count: number) =>
    count === 1
      ? "Skipped 1 sentence to catch up; it is in the captions."
      : `Skipped ${count} sentences to catch up; they are in the captions.`,
  missing: (missing: Missing, named: (code: string) => string) => {
    switch (missing.what) {
      case "voice":
        return missing.why === "cost"
          ? "No voice any more: the meeting has spent what it may. Captions go on."
          : "No voice at the moment: no engine that speaks can be reached. Captions go on.";
      case "language":
        return "Not interpreted any more: the meeting has spent what it may.";
      case "text":
        return `${whatIsSaid(missing.spoken, named)} stands here as it was said: no engine that translates can be reached.`;
      case "speech":
        return `${whatIsSaid(missing.spoken, named)} is not interpreted at the moment: no engine that translates can be reached.`;
    }
  },
  down: (engines: readonly string[]) =>
    engines.length === 0 ? "" : `Not used at the moment: ${engines.join(", ")}`,
  stopUsingVoice: "Stop using my voice",
  usualVoice: "Your voice is not used any more",
  hearingOriginal: "Hearing people themselves",
  reconnecting: "Reconnecting…",
  lost: "The connection was lost.",
  ended: "The meeting has ended.",
  removed: "You were removed from the meeting.",
  duplicate: "You joined this meeting from somewhere else, and this page gave way.",
  refused: "The meeting did not let this page in.",
  left: "You left the meeting.",
  byMachine: "interpreted by a machine",
  byPerson: "interpreted by a person",
  encrypted:
    "Somebody's sound is encrypted end to end, and this page has no key: it cannot play it.",

  limited:
    "You have used up what the meeting may cost because of you. You are heard, and get languages that nobody else wants, only where that is free.",

  roles: {
    attendee: "Attendee",
    speaker: "Speaker",
    interpreter: "Interpreter",
    organizer: "Organizer",
  } as Readonly<Record<string, string>>,

  noCaptionsWanted: "You read nothing. Choose a language under “Read in” to follow in writing.",
  noCaptionsYet: "What people say will stand here.",
  captionsByMachine: "Captions by a machine: they can be wrong.",
  notInterpreted: "not interpreted",
  corrected: "corrected",
  speaks: (language: string) => `speaks ${language}`,
  someone: "Somebody",

  turnOn: "Turn on microphone",
  turnOff: "Turn off microphone",
  starting: "Starting microphone…",
  microphone: {
    denied:
      "The browser does not allow the microphone. Allow it beside the address, then turn it on again. You still hear the meeting.",
    missing:
      "No microphone was found. Plug one in, then turn it on again. You still hear the meeting.",
    busy: "Another program uses the microphone. Close it there, then turn it on again. You still hear the meeting.",
    insecure:
      "Browsers give a microphone to secure pages (https) only. Ask for a link that begins with https. You still hear the meeting.",
    refused:
      "The meeting did not take your microphone. Turn it on again. You still hear the meeting.",
    failed:
      "The microphone could not be started. Check it, then turn it on again. You still hear the meeting.",
  },

  dismiss: "Dismiss",
  settingsChanged: (number: number) => `Settings ${number} are in force`,
  settingsRefused: "An edit of the settings cannot be used; they stay as they were",
  unavailable: (engine: string, stage: string) => `${engine} does not ${stage} at the moment`,
  available: (engine: string, stage: string) => `${engine} can ${stage} again`,
  since: (time: Date) => `Since ${clock.format(time)}`,
  instead: (engines: readonly string[]) =>
    engines.length === 0
      ? "Nothing is used in its place"
      : `Used in its place: ${engines.join(", ")}`,
  ceiling: "What the meeting costs",
  failed: (stage: string, language: string | null) =>
    language === null ? `Failed: ${stage}` : `Failed: ${stage}, ${language}`,
};
