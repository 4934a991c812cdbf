-- What wrk sends: requests from a file of lines (method, path, body with tabs between), at random or in turn.
-- Arguments: the file, the order ("random", or where to start), then headers as "Name: value".

local made, order, place = {}, "random", 0

function init(arguments)
    local file = arguments[1]
    order = arguments[2]
    for number = 3, #arguments do
        local name, value = arguments[number]:match("^([^:]+):%s*(.*)$")
        wrk.headers[name] = value
    end
    for line in io.lines(file) do
        local method, path, body = line:match("^([^\t]+)\t([^\t]+)\t(.*)$")
        if body == "" then body = nil end
        made[#made + 1] = wrk.format(method, path, nil, body)
    end
    math.randomseed(os.time())
    if order ~= "random" then place = tonumber(order) end
end

function request()
    if order == "random" then return made[math.random(#made)] end
    place = place + 1
    return made[(place - 1) % #made + 1]
end

function done(summary, latency)
    local failed = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "seconds": %.6f, "bad": %d, "broken": %d, "p50": %.4f, "p95": %.4f, "p99": %.4f}\n',
        summary.requests, summary.duration / 1e6, failed.status,
        failed.connect + failed.read + failed.write + failed.timeout,
        latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
