-- For wrk: a chat completion of about 1 KB, answered at once.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer bench"
wrk.body = '{"model":"bench","messages":[{"role":"user","content":"' .. string.rep("x", 940) .. '"}]}'
