#include "direct_client.hpp"

namespace dynamigrate::migrate {

DirectClient::DirectClient(const StepRun& run, std::string own_table)
    : run_(run),
      own_table_(std::move(own_table)) {}

Client& DirectClient::client() {
    std::lock_guard lock(mutex_);
    if (!client_) {
        writes_.emplace(run_, backfill::direct_writes_step(run_.index));
        service_.emplace(writes_->service(), run_.stop_now);
        client_.emplace(*service_, run_, own_table_);
    }
    return *client_;
}

void DirectClient::finish(StepResult& result) {
    std::lock_guard lock(mutex_);
    if (writes_) {
        result.counts.changed += writes_->applied();
        result.parts.push_back(writes_->finish());
    }
}

}  // namespace dynamigrate::migrate
