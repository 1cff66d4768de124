// fetch asks the node; the node decides which addresses may be reached. Requests and responses are Deno's own classes.

let NativeRequest, NativeResponse, requestUrl, requestMethod, requestHeaders, requestRedirect, requestSignal, requestBytes, eachHeader;

const takeClasses = () => {
  const getter = (name) => uncurry(describe(Request.prototype, name).get);
  NativeRequest = Request;
  NativeResponse = Response;
  requestUrl = getter("url");
  requestMethod = getter("method");
  requestHeaders = getter("headers");
  requestRedirect = getter("redirect");
  requestSignal = getter("signal");
  requestBytes = uncurry(Request.prototype.arrayBuffer);
  eachHeader = uncurry(Headers.prototype.forEach);
};

const NULL_BODY = new Set([101, 103, 204, 205, 304]);

const headerList = (headers) => {
  const list = [];
  eachHeader(headers, (value, name) => pushTo(list, [name, value]));
  return list;
};

const responseOf = ({ value, payload }) => {
  const { status, statusText, headers, url, redirected } = value;
  const body = setHas(NULL_BODY, status) ? null : payload;
  const response = new NativeResponse(body, { status, statusText, headers });
  ObjectDefineProperty(response, "url", { value: url });
  ObjectDefineProperty(response, "redirected", { value: redirected });
  return response;
};

const sendRequest = (request, body, resolve, reject) => {
  const signal = requestSignal(request);
  if (signalAborted(signal)) return reject(signalReason(signal));
  const args = {
    __proto__: null,
    url: requestUrl(request),
    method: requestMethod(request),
    headers: headerList(requestHeaders(request)),
    redirect: requestRedirect(request),
  };
  const reply = call("fetch", args, new NativeUint8Array(body));
  const id = lastCall;
  listen(signal, "abort", () => {
    reject(signalReason(signal));
    giveUp(id);
  });
  promiseThen(promiseThen(reply, responseOf), resolve, reject);
};

// What of a request's options means something here; mode, cache, credentials, referrer and their like belong to a browser's page.
const OPTIONS = ["method", "headers", "body", "redirect", "signal", "duplex"];

const optionsOf = (init) => {
  const options = ObjectCreate(null);
  for (let i = 0; i < OPTIONS.length; i += 1) {
    const value = init?.[OPTIONS[i]];
    if (value !== undefined) options[OPTIONS[i]] = value;
  }
  return options;
};

const fetchThroughNode = (input, init) => new NativePromise((resolve, reject) => {
  const request = new NativeRequest(input, optionsOf(init));
  promiseThen(requestBytes(request), (body) => {
    try {
      sendRequest(request, body, resolve, reject);
    } catch (error) {
      reject(error);
    }
  }, reject);
});

const installFetch = () => {
  if (!ObjectHasOwn(globalThis, "fetch")) return;
  takeClasses();
  define(globalThis, "fetch", ObjectFreeze((input, init) => fetchThroughNode(input, init)));
};
