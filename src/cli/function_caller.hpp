#pragma once

#include "session.hpp"

#include <dynamigrate/cloud/answer.hpp>

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace dynamigrate::cli {

/// The project's Lambda function, as it is called.
class FunctionCaller {
public:
    /// The session must outlive it. Errors: as for finding credentials and the endpoint.
    explicit FunctionCaller(Session& session);
    ~FunctionCaller();

    /// One attempt. Errors: as remote::LambdaFunctions says.
    cloud::FunctionAnswer call(std::string_view event, std::stop_token stop = {});
    base::Clock& clock();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dynamigrate::cli
