// Control sequences whole, in their forms of two characters and of one (C1): those with parameters (CSI); strings up to their end, or the line's
// (OSC, DCS, SOS, PM, APC); the short ones. Then whatever control character is left but tab, and what turns the direction of writing.
const UNPRINTABLE =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]|[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text without control sequences: what a worker prints must not move the cursor, or worse, of whoever reads it, nor
 * show in another order than it has. Tabs stay.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '');
}

/** The same of text that may hold several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
