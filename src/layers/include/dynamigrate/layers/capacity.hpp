#pragma once

#include <dynamigrate/dynamodb/service.hpp>

#include <string>

namespace dynamigrate::layers {

/// Asks for the consumed capacity of each call that consumes any, and takes it out of the answer
/// again where the client did not ask: pace and meter, which lie inside, need it.
///
/// Reading the capacity from the reply stays possible after it was taken out of the body.
/// Threads: any.
class CapacityService final : public dynamodb::Service {
public:
    explicit CapacityService(dynamodb::Service& inner) : inner_(inner) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
};

}  // namespace dynamigrate::layers
