/** What a person chooses: languages, the original's loudness, the microphone. */

import { FLOOR } from "./captions";
import { element, setText } from "./dom";
import { type Languages, ownName, proposal } from "./languages";
import { keep, recall } from "./memory";
import type { Choices, Session } from "./session";
import { strings } from "./strings";

export class Controls {
  private readonly listen = element("listen", HTMLSelectElement);
  private readonly read = element("read", HTMLSelectElement);
  private readonly speak = element("speak", HTMLSelectElement);
  private readonly speaking = element("speaking", HTMLDivElement);
  private readonly under = element("under", HTMLLabelElement);
  private readonly underneath = element("underneath", HTMLInputElement);
  private readonly microphone = element("microphone", HTMLButtonElement);
  private readonly leave = element("leave", HTMLButtonElement);
  private readonly level = element("level", HTMLMeterElement);
  private readonly problem = element("problem", HTMLParagraphElement);
  private offered = "";
  /** What was chosen, here or in an earlier meeting; null where nothing was. */
  private readonly wanted = {
    listen: recall("listen"),
    read: recall("read"),
    speak: recall("speak"),
  };
  private session: Session | null = null;

  constructor(chosen: (choices: Choices) => void, leave: () => void) {
    this.underneath.checked = recall("underneath") !== "no";
    this.offer(null);
    element("controls", HTMLFormElement).addEventListener("submit", (event) =>
      event.preventDefault(),
    );
    const choose = (): void => {
      this.keep();
      chosen(this.choices);
    };
    for (const one of [this.listen, this.read, this.speak, this.underneath]) {
      one.addEventListener("change", choose);
    }
    this.microphone.addEventListener("click", () => {
      const { session } = this;
      void session?.microphone.turn(session.microphone.state === "off");
    });
    this.leave.addEventListener("click", leave);
  }

  get choices(): Choices {
    return {
      listen: this.listen.value,
      read: this.read.value,
      speak: this.speak.value,
      underneath: this.underneath.checked,
    };
  }

  /** Offer what the meeting offers; true where that changed the choices. */
  show(session: Session): boolean {
    this.session = session;
    const before = JSON.stringify(this.choices);
    this.offer(session.languages);
    this.under.hidden = this.listen.value === "";
    this.leave.hidden = session.over;
    this.showMicrophone(session);
    return JSON.stringify(this.choices) !== before;
  }

  private showMicrophone({ microphone, maySpeak, over }: Session): void {
    const { state } = microphone;
    const labels = { off: strings.turnOn, starting: strings.starting, on: strings.turnOff };
    this.speaking.hidden = !maySpeak;
    this.microphone.hidden = !maySpeak || over;
    this.microphone.disabled = state === "starting";
    this.microphone.classList.toggle("live", state === "on");
    setText(this.microphone, labels[state]);
    setText(this.problem, microphone.problem ?? "");
    const wasHidden = this.level.hidden;
    this.level.hidden = state !== "on" || over;
    if (wasHidden && !this.level.hidden) this.measure();
  }

  private readonly measure = (): void => {
    if (this.level.hidden) return;
    this.level.value = this.session?.microphone.level ?? 0;
    requestAnimationFrame(this.measure);
  };

  private keep(): void {
    const { listen, read, speak, underneath } = this.choices;
    Object.assign(this.wanted, { listen, read, speak });
    keep("listen", listen);
    keep("read", read);
    keep("speak", speak);
    keep("underneath", underneath ? "yes" : "no");
  }

  private offer(languages: Languages | null): void {
    const offered = [...(languages?.offered ?? [])];
    const spoken = (languages?.spoken ?? []).map((code): [string, string] => [
      code,
      ownName(code, languages),
    ]);
    const voiced = offered.filter(([code]) => languages?.voices.includes(code));
    const now = JSON.stringify([offered, voiced, spoken]);
    if (now === this.offered) return;
    this.offered = now;
    const codes = offered.map(([code]) => code);
    const first = proposal(navigator.languages, codes) ?? "";
    const { listen, read, speak } = this.wanted;
    fill(this.listen, [["", strings.original], ...voiced], listen ?? first, first);
    const others: [string, string][] = [
      ["", strings.nothing],
      [FLOOR, strings.asSpoken],
    ];
    const heard = this.listen.value || first; // what has no voice is proposed to be read
    fill(this.read, [...others, ...offered], read ?? heard, heard);
    fill(this.speak, [["", strings.detect], ...spoken], speak ?? "", "");
  }
}

/** Offer `options`; the first of `wanted`, `otherwise` and nothing that is offered is chosen. */
function fill(
  select: HTMLSelectElement,
  options: readonly (readonly [string, string])[],
  wanted: string,
  otherwise: string,
): void {
  const values = options.map(([value]) => value);
  select.replaceChildren(
    ...options.map(([value, text]) => {
      const option = new Option(text, value);
      if (value !== "" && value !== FLOOR) option.lang = value;
      return option;
    }),
  );
  select.value = [wanted, otherwise, ""].find((value) => values.includes(value)) ?? "";
}
