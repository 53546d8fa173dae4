/** What organizers are told: each thing once, with how often it happened. */

import { element, made, setText } from "./dom";
import type { Fact } from "./messages";
import { strings } from "./strings";

const KEPT = 20;

interface Notice {
  readonly title: string;
  readonly article: HTMLElement;
  readonly count: HTMLElement;
  times: number;
}

export class Notices {
  private readonly place = element("notices", HTMLElement);
  private readonly shown = new Map<string, Notice>();

  tell(fact: Fact): void {
    switch (fact.fact) {
      case "SettingsChanged":
        this.show(strings.settingsChanged(fact.number), fact.changes, "");
        break;
      case "SettingsRefused":
        this.show(strings.settingsRefused, fact.faults, "bad");
        break;
      case "Availability":
        this.tellAvailability(fact);
        break;
      case "Ceiling":
        this.show(strings.ceiling, [fact.message], "bad");
        break;
      case "Failed":
        this.show(strings.failed(fact.stage, fact.language), [fact.message], "bad");
    }
  }

  /** Which engine is not used, why and since when, until it is used again. */
  private tellAvailability(fact: Extract<Fact, { fact: "Availability" }>): void {
    const { engine, stage, available, why, instead } = fact;
    const before = strings.unavailable(engine, stage);
    for (const [key, { title }] of [...this.shown]) if (title === before) this.dismiss(key);
    const since = strings.since(new Date());
    if (available) this.show(strings.available(engine, stage), [since], "");
    else this.show(before, [why, since, strings.instead(instead)], "bad");
  }

  private show(title: string, lines: readonly string[], kind: "" | "bad"): void {
    const key = JSON.stringify([title, lines]);
    const notice = this.shown.get(key) ?? this.make(key, title, lines, kind);
    notice.times += 1;
    setText(notice.count, notice.times > 1 ? `×${notice.times}` : "");
    this.shown.delete(key);
    this.shown.set(key, notice);
    for (const [oldest] of this.shown) {
      if (this.shown.size <= KEPT) break;
      this.dismiss(oldest);
    }
  }

  private make(key: string, title: string, lines: readonly string[], kind: string): Notice {
    const article = made("article", `notice ${kind}`);
    const head = made("header", "");
    const count = made("span", "count");
    const dismiss = made("button", "dismiss", "×");
    dismiss.type = "button";
    dismiss.setAttribute("aria-label", strings.dismiss);
    dismiss.addEventListener("click", () => this.dismiss(key));
    head.append(made("strong", "", title), count, dismiss);
    const list = made("ul", "");
    list.append(...lines.map((line) => made("li", "", line)));
    article.append(head, list);
    this.place.prepend(article);
    this.place.hidden = false;
    return { title, article, count, times: 0 };
  }

  private dismiss(key: string): void {
    this.shown.get(key)?.article.remove();
    this.shown.delete(key);
    this.place.hidden = this.shown.size === 0;
  }
}
