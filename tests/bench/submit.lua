-- wrk: each request submits another draft. Arguments: a file of lines "token claim version".
local requests, sent = {}, 0

function init(arguments)
    for line in io.lines(arguments[1]) do
        local token, claim, version = line:match("(%S+) (%S+) (%S+)")
        local headers = {
            ["Authorization"] = "Bearer " .. token,
            ["Idempotency-Key"] = claim,
            ["If-Match"] = '"' .. version .. '"',
        }
        requests[#requests + 1] = wrk.format("POST", "/v1/claims/" .. claim .. "/submit", headers)
    end
end

-- When the drafts are used up the last one is answered from its stored answer; bench.py counts and calls the run void.
function request()
    sent = math.min(sent + 1, #requests)
    return requests[sent]
end
