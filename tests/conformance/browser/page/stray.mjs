// Tries to leave this machine in each way that a page has, and says what came of it. (192.0.2.0/24 belongs to nobody: RFC 5737.)
const failed = (attempt) => attempt.then(() => 'reached', () => 'failed');
const opened = (socket) => new Promise((resolve) => {
  socket.onopen = () => resolve('reached');
  socket.onerror = () => resolve('failed');
});
const loaded = (image) => new Promise((resolve) => {
  image.onload = () => resolve('reached');
  image.onerror = () => resolve('failed');
});

const found = {
  address: await failed(fetch('http://192.0.2.1/')),
  name: await failed(fetch('https://example.com/')),
  socket: await opened(new WebSocket('ws://socket.example.com/')),
  image: await loaded(Object.assign(new Image(), { src: 'https://image.example.com/a.png' })),
};
document.querySelector('#result').textContent = JSON.stringify(found);
document.querySelector('#state').textContent = 'done';
