// Asks the browser for a passkey: to make one, or to show one. The question stands in the form, the
// answer goes back in it. Without this script there is no passkey; the page says so.

const form = document.querySelector('form[data-passkey]');

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const read = (credentials = []) => credentials.map((one) => ({ ...one, id: bytes(one.id) }));

/** What the browser answers. */
async function ask(question) {
  const publicKey = { ...question, challenge: bytes(question.challenge) };
  if (form.dataset.passkey === 'add') {
    publicKey.user = { ...question.user, id: bytes(question.user.id) };
    publicKey.excludeCredentials = read(question.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey });
    const response = { attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON) };
    return { id: made.id, rawId: text(made.rawId), type: made.type, response };
  }
  publicKey.allowCredentials = read(question.allowCredentials);
  const shown = await navigator.credentials.get({ publicKey });
  const { authenticatorData, clientDataJSON, signature } = shown.response;
  const response = { authenticatorData: text(authenticatorData), clientDataJSON: text(clientDataJSON), signature: text(signature) };
  return { id: shown.id, rawId: text(shown.rawId), type: shown.type, response };
}

form.addEventListener('submit', async (event) => {
  if (form.elements.answer.value !== '') return;
  event.preventDefault();
  const said = document.getElementById('passkey-said');
  said.textContent = 'Your browser or phone will now ask you.';
  try {
    form.elements.answer.value = JSON.stringify(await ask(JSON.parse(form.dataset.question).publicKey));
  } catch (error) {
    // Whoever cancels, and a key that is here already, both end up here.
    said.textContent =
      error.name === 'InvalidStateError' ? 'This is already one of your passkeys.' : 'That did not work, or was cancelled. Try again.';
    return;
  }
  form.submit();
});
