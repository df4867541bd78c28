// Escape sequences whole (CSI with its parameters, OSC up to its end, the short ones), then whatever control character is left but tab.
const UNPRINTABLE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])|[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;

/** Text without control sequences: what a worker prints must not move the cursor, or worse, of whoever reads it. Tabs stay. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '');
}
