// Escape sequences whole (CSI with its parameters, OSC up to its end, the short ones), then whatever control character is left but
// tab, and what turns the direction of writing.
const UNPRINTABLE =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])|[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text without control sequences: what a worker prints must not move the cursor, or worse, of whoever reads it, nor
 * show in another order than it has. Tabs stay.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '');
}
