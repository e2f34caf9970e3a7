#include "action_edit.hpp"
#include "lane.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

/// How a lane keeps what its items' transforms ask for afterwards.
namespace dynamigrate::backfill {

using dynamodb::Item;

void Lane::Collector::add(const Action& action) {
    scratch_.reset();
    const Target& table = lane_.table_of(action);
    const Item key = check_action(action, table, scratch_);
    text_.clear();
    append_action(text_, action, table.name);
    lane_.spill_->add(table.name + dynamodb::to_wire_json(key), text_);
}

void Lane::begin_group(const Item& key) {
    if (spill_) {
        spill_->begin(dynamodb::to_wire_json(key));
    }
}

void Lane::end_group(bool succeeded) {
    if (spill_ && succeeded) {
        spill_->commit();
    } else if (spill_) {
        spill_->abort();
    }
}

void Lane::drop_group(const Item& key) {
    if (spill_) {
        spill_->drop(dynamodb::to_wire_json(key));
    }
}

void Lane::sync_deferred() {
    if (spill_) {
        spill_->sync();
    }
}

}  // namespace dynamigrate::backfill
