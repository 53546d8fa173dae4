/** The form before the meeting: nothing that was typed is lost. */

import type { Invitation } from "./api";
import { element, setText } from "./dom";
import { recall } from "./memory";
import { strings } from "./strings";

export class Door {
  private readonly view = element("door", HTMLElement);
  private readonly name = element("name", HTMLInputElement);
  private readonly button = element("join", HTMLButtonElement);
  private readonly refusal = element("refusal", HTMLParagraphElement);
  private readonly consent = element("consent", HTMLFieldSetElement);
  private readonly agree = element("agree", HTMLInputElement);

  /** `knock` is told the name, and whether the person agrees to have its voice copied. */
  constructor(knock: (name: string, voice: boolean) => void) {
    this.name.value = recall("name") ?? "";
    this.name.focus();
    element("form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.button.disabled) return;
      if (this.name.value.trim() === "") this.refuse(strings.nameMissing);
      else knock(this.name.value, this.agree.checked);
    });
  }

  /** Ask what a link asks; what was typed already stays. */
  ask({ name, voice }: Invitation): void {
    if (name !== "" && this.name.value === (recall("name") ?? "")) this.name.value = name;
    this.consent.hidden = !voice;
  }

  wait(): void {
    this.button.disabled = true;
    setText(this.button, strings.joining);
    setText(this.refusal, "");
    this.name.removeAttribute("aria-invalid");
  }

  open(): void {
    this.view.hidden = true;
  }

  refuse(message: string): void {
    this.button.disabled = false;
    setText(this.button, "Join");
    setText(this.refusal, message);
    this.name.setAttribute("aria-invalid", "true");
    this.name.focus();
  }
}
