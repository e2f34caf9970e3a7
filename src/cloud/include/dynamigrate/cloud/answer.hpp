#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/value.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::cloud {

/// `{"statusCode": 200, "body": BODY}`. `body`: JSON.
std::string good_answer(std::string_view body);
/// `{"statusCode", "body": null, "error", "errorMessage"}`: each generation reads another member.
std::string bad_answer(const base::Error& error);
/// The same for work that is not done when the time is over: asking again goes on.
std::string unfinished_answer(std::string_view message);

/// What a function was asked and answered, as Lambda handed it over.
struct FunctionAnswer {
    int status = 200;            ///< of the HTTP answer
    std::string function_error;  ///< x-amz-function-error
    std::string payload;
};

/// Whether no handler answered: the function could not begin, or was ended by Lambda. Then its answer
/// tells nothing of what it understands.
bool is_of_broken_function(const FunctionAnswer& answer);

/// The body of an answer: a value, or what a string holds that is JSON itself (as API Gateway
/// wants). An answer that has neither status code nor body is the body.
/// `command`: what was asked, for messages.
/// Errors: unavailable for a bad status and when there is no answer; outcome_unknown for what the
///         function says in `error` or `errorMessage`, or that it failed.
json::Value body_of(const FunctionAnswer& answer, std::string_view command);

}  // namespace dynamigrate::cloud
