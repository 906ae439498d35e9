/** Native runs hold their thread: between them signals, timers and what shows progress get their turn. */
export function eventsTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
