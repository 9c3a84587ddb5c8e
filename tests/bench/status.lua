-- wrk: reads the status of one claim after another. Arguments: a file of lines "token claim version", and "bare" for the floor's handler.
local requests, sent = {}, 0

function init(arguments)
    for line in io.lines(arguments[1]) do
        local token, claim = line:match("(%S+) (%S+)")
        if arguments[2] == "bare" then
            requests[#requests + 1] = wrk.format("GET", "/status/" .. claim)
        else
            requests[#requests + 1] = wrk.format("GET", "/v1/claims/" .. claim, { ["Authorization"] = "Bearer " .. token })
        end
    end
end

function request()
    sent = sent % #requests + 1
    return requests[sent]
end
