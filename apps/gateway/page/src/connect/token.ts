const KEY = 'pypool-token';

let token = read();

/** The bearer token that the reader has given, for as long as this tab is open. */
export function bearerToken(): string | undefined {
  return token;
}

/** Take another one; `undefined` forgets it. */
export function setBearerToken(given: string | undefined): void {
  token = given === '' ? undefined : given;
  try {
    // Of this tab alone: a token that outlives it would be found by the next one at this desk.
    if (token === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is forbidden here: the token lasts as long as the page.
  }
}

function read(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
