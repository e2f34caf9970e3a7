#include <dynamigrate/cloud/function.hpp>

#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kInitError = "InitError";

void set_trace(const std::string& trace_id) {
    if (trace_id.empty()) {
        ::unsetenv("_X_AMZN_TRACE_ID");
    } else {
        ::setenv("_X_AMZN_TRACE_ID", trace_id.c_str(), 1);
    }
}

/// What is wrong with one invocation is no reason to end, unless the API itself is gone.
void deliver(RuntimeClient& runtime, const Invocation& invocation, const std::string& answer,
             base::Log& log) {
    try {
        runtime.respond(invocation.request_id, answer);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::invalid_argument) {
            runtime.fail(
                invocation.request_id, "AnswerTooLarge",
                fmt::format("the answer has {} bytes, more than Lambda takes", answer.size()));
        } else if (error.kind() == ErrorKind::failed_precondition) {
            log.warning("{}", error.what());
        } else {
            throw;
        }
    }
}

void refuse(RuntimeClient& runtime, const Invocation& invocation, std::string_view type,
            const char* message, base::Log& log) {
    log.write(base::LogLevel::error, message);
    try {
        runtime.fail(invocation.request_id, type, message);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::failed_precondition) {
            throw;
        }
        log.warning("{}", error.what());
    }
}

void answer(RuntimeClient& runtime, const Invocation& invocation, const Handler& handler,
            const FunctionOptions& options) {
    std::string text;
    try {
        const Deadline deadline(options.clock, invocation.deadline);
        text = handler(invocation, deadline);
    } catch (const CannotBegin& error) {
        return refuse(runtime, invocation, kInitError, error.what(), options.log);
    } catch (const Error& error) {
        return refuse(runtime, invocation, to_string(error.kind()), error.what(), options.log);
    } catch (const std::exception& error) {
        return refuse(runtime, invocation, "defect", error.what(), options.log);
    }
    deliver(runtime, invocation, text, options.log);
}

/// Lambda's own API is on this machine.
http::ClientOptions direct() {
    http::ClientOptions options;
    options.has_proxies = false;
    return options;
}

void print_line(std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
}

int run_with(RuntimeClient& runtime, const std::function<Handler(JsonLog&)>& begin, JsonLog& log,
             base::Clock& clock) {
    Handler handler;
    try {
        handler = begin(log);
    } catch (const std::exception& error) {
        log.write(base::LogLevel::error, error.what());
        runtime.fail_to_begin(kInitError, error.what());
        return 1;
    }
    serve(runtime, handler,
          {clock, log, [&log](const std::string& request_id) { log.set_request(request_id); }});
    return 0;
}

}  // namespace

void serve(RuntimeClient& runtime, const Handler& handler, const FunctionOptions& options) {
    while (true) {
        const Invocation invocation = runtime.next();
        set_trace(invocation.trace_id);
        if (options.on_invocation) {
            options.on_invocation(invocation.request_id);
        }
        answer(runtime, invocation, handler, options);
    }
}

int run_function(const std::function<Handler(JsonLog&)>& begin) {
    const base::Environment environment = base::Environment::of_process();
    base::SystemClock clock;
    JsonLog log(
        log_level_of(environment.get("AWS_LAMBDA_LOG_LEVEL").value_or(""), base::LogLevel::info),
        clock, print_line);
    const std::optional<std::string> api = environment.get("AWS_LAMBDA_RUNTIME_API");
    if (!api) {
        log.write(base::LogLevel::error,
                  "AWS_LAMBDA_RUNTIME_API is not set: this command is for Lambda, which starts it");
        return 2;
    }
    try {
        const std::unique_ptr<http::Client> http = http::make_curl_client(direct());
        RuntimeClient runtime(*http, *api);
        return run_with(runtime, begin, log, clock);
    } catch (const std::exception& error) {
        log.write(base::LogLevel::error, error.what());
        return 1;
    }
}

}  // namespace dynamigrate::cloud
