/** The log of captions: paragraphs that grow at their end. */

import { FLOOR } from "./captions";
import { element, made, setChildren, setText } from "./dom";
import { type Languages, ownName } from "./languages";
import type { Paragraph } from "./paragraphs";
import { strings } from "./strings";

interface Block {
  readonly block: HTMLElement;
  readonly name: HTMLElement;
  readonly badge: HTMLElement;
  readonly mark: HTMLElement;
  readonly text: HTMLElement;
  readonly tail: HTMLElement;
}

/** Pixels from the end within which a reader is at the end. */
const AT_END = 48;

export class Log {
  private readonly view = element("log", HTMLDivElement);
  private readonly newest = element("newest", HTMLButtonElement);
  private blocks = new Map<string, Block>();
  private spans = new Map<string, HTMLElement>();
  private following = true;
  private place = 0;

  constructor() {
    this.view.addEventListener("scroll", () => {
      // Only who goes back stops following: a smaller window is no reason.
      const back = this.view.scrollTop < this.place;
      this.place = this.view.scrollTop;
      this.following = this.atEnd() || (this.following && !back);
      this.newest.hidden = this.following;
    });
    this.newest.addEventListener("click", () => {
      this.follow();
      this.view.focus();
    });
    new ResizeObserver(() => this.following && this.follow()).observe(this.view);
  }

  show(paragraphs: readonly Paragraph[], languages: Languages | null): void {
    const anchor = this.following ? null : this.anchor();
    const blocks = new Map<string, Block>();
    const spans = new Map<string, HTMLElement>();
    for (const paragraph of paragraphs) {
      const block = this.blocks.get(paragraph.id) ?? makeBlock();
      blocks.set(paragraph.id, block);
      this.fill(block, paragraph, languages, spans);
    }
    this.blocks = blocks;
    this.spans = spans;
    setChildren(
      this.view,
      [...blocks.values()].map(({ block }) => block),
    );
    if (anchor === null) this.follow();
    else this.view.scrollTop += anchor.block.offsetTop - anchor.top;
  }

  private fill(
    { block, name, badge, mark, text, tail }: Block,
    paragraph: Paragraph,
    languages: Languages | null,
    spans: Map<string, HTMLElement>,
  ): void {
    const source = paragraph.sourceLanguage;
    setText(name, paragraph.speakerName.trim() || strings.someone);
    name.title = paragraph.speakerName;
    badge.hidden = source === null;
    setText(badge, source ?? "");
    if (source !== null) {
      badge.title = ownName(source, languages);
      badge.setAttribute("aria-label", strings.speaks(badge.title));
    }
    block.classList.toggle("uninterpreted", paragraph.uninterpreted);
    setText(mark, paragraph.uninterpreted ? strings.notInterpreted : "");
    mark.hidden = !paragraph.uninterpreted;
    if (paragraph.language !== FLOOR) text.lang = paragraph.language;
    const lines = paragraph.lines.map(({ id, caption, corrected }) => {
      const span = this.spans.get(id) ?? made("span", "line");
      setText(span, `${caption.text} `);
      span.classList.toggle("corrected", corrected);
      span.title = corrected ? strings.corrected : "";
      spans.set(id, span);
      return span;
    });
    setText(tail, paragraph.tail);
    setChildren(text, [...lines, tail]);
  }

  private follow(): void {
    this.following = true;
    this.newest.hidden = true;
    this.view.scrollTop = this.view.scrollHeight;
  }

  private atEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.view;
    return scrollHeight - scrollTop - clientHeight < AT_END;
  }

  /** The first paragraph in sight, and where it stands: it stays there. */
  private anchor(): { block: HTMLElement; top: number } | null {
    const { scrollTop } = this.view;
    for (const { block } of this.blocks.values()) {
      if (block.offsetTop + block.offsetHeight > scrollTop) return { block, top: block.offsetTop };
    }
    return null;
  }
}

function makeBlock(): Block {
  const block = made("article", "paragraph");
  const head = made("header", "speaker");
  const name = made("span", "name");
  const badge = made("span", "badge");
  const mark = made("span", "mark");
  const text = made("p", "text");
  const tail = made("span", "tail");
  badge.setAttribute("role", "img");
  text.dir = "auto";
  // Read out when it is committed, once.
  tail.setAttribute("aria-live", "off");
  head.append(name, badge, mark);
  block.append(head, text);
  return { block, name, badge, mark, text, tail };
}
