/** The farthest that a timer of Node reaches; one with a longer delay fires at once. About 25 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
