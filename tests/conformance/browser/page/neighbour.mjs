// What a page learns of another that the same gateway serves, and whether it may publish. `network.json` names the other, if there is one.
const { gateway, neighbour } = await (await fetch('network.json')).json();

async function embedded(url) {
  const frame = document.createElement('iframe');
  const shown = new Promise((resolve) => { frame.onload = resolve; });
  frame.src = url;
  document.body.append(frame);
  await shown;
  try {
    return frame.contentWindow.localStorage.getItem('lit-session-key');
  } catch (error) {
    return error.name;
  }
}

async function publishing() {
  const body = new FormData();
  body.append('file', new Blob(['published by a page']), 'page.txt');
  return fetch(`${gateway}/api/v0/add`, { method: 'POST', body }).then(({ status }) => status, () => 'refused');
}

const found = {
  origin: window.location.origin,
  stored: localStorage.getItem('lit-session-key'),
  embedded: neighbour ? await embedded(neighbour) : null,
  publishing: await publishing(),
};
if (!found.stored) localStorage.setItem('lit-session-key', `of ${window.location.href}`);
document.querySelector('#result').textContent = JSON.stringify(found);
document.querySelector('#state').textContent = 'done';
