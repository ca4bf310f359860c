-- Ask for one of the paths in the file $PATHS, at random from $SEED, and report in one line of JSON.
-- The requests are built before the clock starts, so that the client costs the same for both servers.

local requests = {}

function init()
   for path in io.lines(os.getenv("PATHS")) do
      requests[#requests + 1] = wrk.format("GET", path)
   end
   math.randomseed(tonumber(os.getenv("SEED")))
end

function request()
   return requests[math.random(#requests)]
end

-- Times are in microseconds, bytes include the headers of the answers.
function done(summary, latency)
   local wrong = summary.errors
   io.write(string.format(
      '\nMEASURED {"requests":%d,"microseconds":%d,"bytes":%.0f,"p50":%.0f,"p99":%.0f,"errors":%d,"refused":%d}\n',
      summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
      wrong.connect + wrong.read + wrong.write + wrong.timeout, wrong.status))
end
