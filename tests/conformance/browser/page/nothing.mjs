// In place of Node.js's `crypto`: without it the SDK's libraries use the browser's own.
export default {};
