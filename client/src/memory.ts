/** What a person chose, kept in this browser; forgotten where the browser keeps nothing. */

const PREFIX = "translator.";

export type Kept = "name" | "listen" | "read" | "speak" | "underneath";

export function recall(key: Kept): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function keep(key: Kept, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // A private window, or no space: the choice holds for this meeting.
  }
}
