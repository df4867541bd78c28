-- What wrk sends, and a line of JSON of what came back.

wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{"values":[3,1,4,1,5,9,2,6],"weight":2}'

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = '{"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"failed":%d}\n'
  local seconds = summary.duration / 1e6
  io.write(line:format(summary.requests / seconds, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed))
end
