/** Keeps the screen on during a meeting: a phone on the table shows captions. */

let lock: WakeLockSentinel | null = null;
let wanted = false;

/** Keep the screen on, or no longer. */
export function keepAwake(want: boolean): void {
  if (want === wanted) return;
  wanted = want;
  if (want) void request();
  else void lock?.release();
}

// The browser lets go of it whenever the page is hidden.
document.addEventListener("visibilitychange", () => void request());

async function request(): Promise<void> {
  if (!wanted || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    if (!wanted) await lock.release();
  } catch {
    // A low battery, or a browser that does not want to: the screen goes off as ever.
  }
}
