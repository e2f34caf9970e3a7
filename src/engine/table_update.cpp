#include "operations.hpp"
#include "table_description.hpp"
#include "table_request.hpp"
#include "transitions.hpp"

#include <algorithm>
#include <set>

namespace dynamigrate::engine {

using dynamodb::KeyAttribute;
using dynamodb::Throughput;
using json::Writer;

namespace {

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";

[[noreturn]] void refuse_invalid(const std::string& reason) {
    refuse_validation(std::string(kInvalid) + reason);
}

/// What a request changes, besides indexes that it creates or deletes.
constexpr std::string_view kChanges[] = {
    "ProvisionedThroughput",     "BillingMode", "StreamSpecification", "SSESpecification",
    "DeletionProtectionEnabled", "TableClass",  "OnDemandThroughput",  "WarmThroughput"};

void check_update(Shape& update) {
    for (std::string_view action : {"Create", "Update", "Delete"}) {
        if (std::optional<Shape> part = update.inside(action)) {
            if (action == "Create") {
                check_index(*part);
            } else {
                part->required_text("IndexName");
                part->resource_name("IndexName");
                check_throughput(*part);
            }
        }
    }
}

std::optional<std::string_view> updated_index(object update) {
    for (std::string_view action : {"Update", "Create", "Delete"}) {
        if (std::optional<object> part = structure(update, action)) {
            return text(*part, "IndexName");
        }
    }
    return std::nullopt;
}

void check_updates(const std::vector<element>& updates) {
    std::set<std::string_view> names;
    for (element member : updates) {
        std::optional<std::string_view> name = updated_index(as_object(member));
        if (!name) {
            refuse_invalid(
                "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                "GlobalSecondaryIndexUpdate.Delete must not be null");
        }
        if (!names.insert(*name).second) {
            refuse_invalid(
                "Only one global secondary index update per index is allowed simultaneously. "
                "Index: " +
                std::string(*name));
        }
    }
}

void check_request(object body) {
    Constraints constraints;
    Shape request(constraints, body);
    check_attribute_definitions(request);
    request.for_each("GlobalSecondaryIndexUpdates", check_update);
    check_settings(request);
    constraints.check();
    std::vector<element> updates = elements(body, "GlobalSecondaryIndexUpdates");
    bool changes =
        std::any_of(std::begin(kChanges), std::end(kChanges),
                    [&](std::string_view name) { return member(body, name).has_value(); });
    if (!changes && updates.empty()) {
        refuse_validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
            "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
    }
    if (text_or(body, "BillingMode", "") == "PROVISIONED" &&
        !structure(body, "ProvisionedThroughput")) {
        refuse_invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    }
    check_updates(updates);
}

/// One UpdateTable on a copy of the table's definition.
class TableUpdate {
public:
    TableUpdate(Database& database, object body, Table& table)
        : database_(database),
          body_(body),
          table_(table),
          definitions_(read_definitions(body)) {}

    void apply() {
        change_billing();
        change_throughput();
        update_indexes();
        read_settings(database_, body_, table_);
        table_.status = Status::updating;
        table_.settles = database_.transitions.settles();
    }

private:
    std::vector<element> updates() { return elements(body_, "GlobalSecondaryIndexUpdates"); }

    void change_billing() {
        std::string_view mode = text_or(body_, "BillingMode", "");
        bool was_on_demand = table_.is_on_demand;
        if (!mode.empty()) {
            table_.is_on_demand = mode == "PAY_PER_REQUEST";
        }
        if (table_.is_on_demand && structure(body_, "ProvisionedThroughput")) {
            refuse_invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                "BillingMode is PAY_PER_REQUEST");
        }
        if (table_.is_on_demand && !was_on_demand) {
            begin_on_demand();
        } else if (was_on_demand && !table_.is_on_demand) {
            require_index_throughputs();
            table_.on_demand_maximum = {};
        }
    }

    void begin_on_demand() {
        table_.billing_changed = database_.clock.now();
        table_.throughput = {};
        for (Index& index : table_.indexes) {
            index.throughput = {};
        }
    }

    void require_index_throughputs() {
        std::string missing;
        for (Index& index : table_.indexes) {
            index.on_demand_maximum = {};
            bool is_given = index.is_local;
            for (element member : updates()) {
                std::optional<object> update = structure(as_object(member), "Update");
                is_given |= update && text_or(*update, "IndexName", "") == index.name &&
                            structure(*update, "ProvisionedThroughput");
            }
            if (!is_given) {
                missing.append(missing.empty() ? "" : ",").append(index.name);
            }
        }
        if (!missing.empty()) {
            refuse_invalid("ProvisionedThroughput must be specified for index: " + missing);
        }
    }

    void change_throughput() {
        std::optional<Throughput> wanted = read_throughput(body_);
        if (!wanted) {
            return;
        }
        require_change(table_.throughput, *wanted);
        base::WallTime now = database_.clock.now();
        if (wanted->read > table_.throughput.read || wanted->write > table_.throughput.write) {
            table_.throughput_increased = now;
        }
        if (wanted->read < table_.throughput.read || wanted->write < table_.throughput.write) {
            count_decrease(now);
        }
        table_.throughput = *wanted;
    }

    void count_decrease(base::WallTime now) {
        using std::chrono::days;
        bool is_same_day =
            table_.throughput_decreased &&
            std::chrono::floor<days>(*table_.throughput_decreased) == std::chrono::floor<days>(now);
        table_.decreases_today = is_same_day ? table_.decreases_today + 1 : 1;
        table_.throughput_decreased = now;
    }

    static void require_change(const Throughput& current, const Throughput& wanted) {
        if (current.read != wanted.read || current.write != wanted.write) {
            return;
        }
        auto text = [](double units) { return std::to_string(static_cast<std::int64_t>(units)); };
        refuse_validation(
            "The provisioned throughput for the table will not change. The requested value equals "
            "the current value. Current ReadCapacityUnits provisioned for the table: " +
            text(current.read) + ". Requested ReadCapacityUnits: " + text(wanted.read) +
            ". Current WriteCapacityUnits provisioned for the table: " + text(current.write) +
            ". Requested WriteCapacityUnits: " + text(wanted.write) +
            ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request "
            "higher limits.");
    }

    void update_indexes() {
        require_one_change();
        for (element member : updates()) {
            object update = as_object(member);
            if (std::optional<object> creation = structure(update, "Create")) {
                create_index(*creation);
            } else if (std::optional<object> change = structure(update, "Update")) {
                change_index(*change);
            } else if (std::optional<object> removal = structure(update, "Delete")) {
                delete_index(text_or(*removal, "IndexName", ""));
            }
        }
    }

    /// Only one index is created or deleted at a time, those under way included.
    void require_one_change() {
        int changes = 0;
        bool is_deleting_unfinished = false;
        for (element member : updates()) {
            object update = as_object(member);
            std::optional<object> removal = structure(update, "Delete");
            changes += (removal ? 1 : 0) + (structure(update, "Create") ? 1 : 0);
            const Index* index =
                removal ? table_.index(text_or(*removal, "IndexName", "")) : nullptr;
            is_deleting_unfinished |= index != nullptr && index->status == Status::creating;
        }
        bool is_one_under_way =
            std::any_of(table_.indexes.begin(), table_.indexes.end(), [](const Index& index) {
                return index.status == Status::creating || index.status == Status::deleting;
            });
        if (changes > 1 || (changes == 1 && is_one_under_way && !is_deleting_unfinished)) {
            refuse("LimitExceededException",
                   "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                   "simultaneously per table");
        }
    }

    void create_index(object creation) {
        std::string_view name = text_or(creation, "IndexName", "");
        if (table_.index(name) != nullptr) {
            refuse_validation(
                "One or more parameter values were invalid: Attempting to create an index which "
                "already exists");
        }
        merge_definitions();
        Index index = read_index(creation, table_, false);
        index.number = table_.next_index++;
        index.status = Status::creating;
        index.settles = database_.transitions.settles();
        table_.indexes.push_back(std::move(index));
        drop_unused_definitions(table_);
        check_indexes(table_);
    }

    /// A request names the attributes of the new index, and may name others.
    void merge_definitions() {
        for (const KeyAttribute& attribute : definitions_) {
            auto known = std::find_if(
                table_.definitions.begin(), table_.definitions.end(),
                [&](const KeyAttribute& other) { return other.name == attribute.name; });
            if (known == table_.definitions.end()) {
                table_.definitions.push_back(attribute);
            } else if (known->type != attribute.type) {
                refuse_invalid("Table KeySchema or index attribute " + attribute.name +
                               " is already defined with type " +
                               std::string(dynamodb::to_string(known->type)));
            }
        }
    }

    Index& global_index(std::string_view name) {
        auto found =
            std::find_if(table_.indexes.begin(), table_.indexes.end(),
                         [&](const Index& index) { return index.name == name && !index.is_local; });
        if (found == table_.indexes.end()) {
            refuse("ResourceNotFoundException",
                   "Requested resource not found: Index: " + std::string(name) +
                       " not found in table: " + table_.name);
        }
        return *found;
    }

    void change_index(object change) {
        Index& index = global_index(text_or(change, "IndexName", ""));
        refuse_use(index, index.status == Status::deleting ||
                              (index.status == Status::creating && !index.is_backfilling));
        if (std::optional<Throughput> wanted = read_throughput(change)) {
            if (table_.is_on_demand) {
                refuse_invalid("ProvisionedThroughput should not be specified for index: " +
                               index.name + " when BillingMode is PAY_PER_REQUEST");
            }
            require_change(index.throughput, *wanted);
            index.throughput = *wanted;
        }
        index.on_demand_maximum = read_on_demand_maximum(change, index.on_demand_maximum);
        if (index.status == Status::active) {
            index.status = Status::updating;
            index.settles = database_.transitions.settles();
        }
    }

    void delete_index(std::string_view name) {
        Index& index = global_index(name);
        refuse_use(index, index.status == Status::deleting || index.status == Status::updating ||
                              (index.status == Status::creating && !index.is_backfilling));
        index.status = Status::deleting;
        index.is_backfilling = false;
        index.settles = database_.transitions.settles();
    }

    static void refuse_use(const Index& index, bool is_in_use) {
        if (is_in_use) {
            std::string_view doing = index.status == Status::creating   ? "created"
                                     : index.status == Status::deleting ? "deleted"
                                                                        : "updated";
            refuse("ResourceInUseException",
                   "Attempt to change a resource which is still in use: Index is being " +
                       std::string(doing) + ": " + index.name);
        }
    }

    Database& database_;
    object body_;
    Table& table_;
    std::vector<KeyAttribute> definitions_;
};

}  // namespace

void update_table(Database& database, Request& request, Writer& out) {
    std::string_view name = table_name(request.body);
    check_request(request.body);
    settled_table(database, name);
    TablePointer updated;
    {
        std::unique_lock changing(database.catalog.mutex());
        TablePointer table = database.catalog.find(name);
        if (table == nullptr) {
            refuse_unknown_table(name);
        }
        require_active(*table);
        Table next = *table;
        TableUpdate(database, request.body, next).apply();
        updated = database.catalog.put(std::move(next));
    }
    database.transitions.begin(name);
    out.key("TableDescription");
    write_description(database, *updated, out);
}

}  // namespace dynamigrate::engine
