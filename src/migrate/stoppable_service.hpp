#pragma once

#include <dynamigrate/dynamodb/service.hpp>

#include <stop_token>
#include <string>
#include <utility>

namespace dynamigrate::migrate {

/// Ends requests of code that passes no stop token itself. Threads: as the inner service.
class StoppableService final : public dynamodb::Service {
public:
    StoppableService(dynamodb::Service& inner, std::stop_token stop)
        : inner_(inner),
          stop_(std::move(stop)) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        dynamodb::Call stoppable = call;
        if (!stoppable.stop.stop_possible()) {
            stoppable.stop = stop_;
        }
        inner_.call(stoppable, reply);
    }
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    std::stop_token stop_;
};

}  // namespace dynamigrate::migrate
