/** Something the project cannot provide for itself. The message is all the user is shown. */
export class NotReady extends Error {}
