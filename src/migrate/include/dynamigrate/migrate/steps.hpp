#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/step.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The step kinds as data: what a migration file says, and the factory of each step.
namespace dynamigrate::migrate {

/// A key attribute as written: `attr`, `attr:N`, `attr:B`, or {name, type}.
using dynamodb::KeyAttribute;

/// On demand when `provisioned` is empty.
struct Billing {
    std::optional<dynamodb::Throughput> provisioned;
};

struct IndexDefinition {
    std::string name;
    KeyAttribute hash;
    std::optional<KeyAttribute> sort;
    dynamodb::ProjectionType projection = dynamodb::ProjectionType::all;
    std::vector<std::string> attributes;  ///< for ProjectionType::include
    std::optional<Billing> billing;
    std::optional<dynamodb::Throughput> warm = std::nullopt;     ///< WarmThroughput
    std::optional<dynamodb::Throughput> maximum = std::nullopt;  ///< on demand, units per second
};

/// What becomes of an index whose key some items violate (wrong type, empty, too long): such items
/// are not in it.
enum class Violations {
    fail,    ///< they are looked for before the build, and stop it
    allow,   ///< they are looked for and listed; the index is built without them
    ignore,  ///< nobody looks
};

/// How an index is created.
struct IndexBuild {
    Violations violations = Violations::fail;
    /// Capacity while it is built, of a provisioned table's index; afterwards its own again.
    std::optional<dynamodb::Throughput> capacity = std::nullopt;
    bool verify_only = false;  ///< somebody else creates it: only check that it is as defined
};

/// A change of an index's settings; what is not given stays.
struct UpdateIndex {
    std::string table;
    std::string name;
    std::optional<dynamodb::Throughput> provisioned;  ///< its capacity, of a provisioned table
    std::optional<dynamodb::Throughput> warm;
    std::optional<dynamodb::Throughput> maximum;
    bool verify_only = false;
};

/// What a step does to an index.
struct IndexChange {
    enum class Kind { create, update, remove };
    Kind kind = Kind::create;
    std::string table;      ///< as written
    IndexDefinition index;  ///< for update and remove: its name, and what is known
    bool is_local = false;
    bool is_of_all = false;  ///< remove: all indexes, the table goes
};

struct CreateTable {
    std::string name;
    KeyAttribute hash;
    std::optional<KeyAttribute> sort;
    Billing billing;
    std::string stream;  ///< "" or NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY
    std::vector<IndexDefinition> indexes;
    std::vector<IndexDefinition> local_indexes;
    std::string ttl;  ///< attribute, or ""
    bool point_in_time_recovery = false;
    bool deletion_protection = false;
    std::map<std::string, std::string> tags;
    std::string table_class;  ///< "" or STANDARD_INFREQUENT_ACCESS, STANDARD
};

struct UpdateTable {
    std::string table;
    std::optional<Billing> billing;
    std::optional<std::string> stream;  ///< "off" or a view type
    std::optional<bool> deletion_protection;
    std::string table_class;
};

/// What every step with a backfill may say about it.
struct BackfillOptions {
    backfill::Source source = backfill::ScanSource{};
    std::optional<double> max_rcu, max_wcu;
    std::optional<std::uint32_t> lanes, segments;
    backfill::FailureBudget failure_budget;
    bool marker = false;
    std::optional<std::uint32_t> passes = 1;  ///< nothing: until_clean
    bool atomic = false;
};

/// An expression as written, owning its values.
struct OwnedExpression {
    std::string text;
    std::vector<std::pair<std::string, std::string>> names;
    std::shared_ptr<const dynamodb::OwnedItem> values;

    dynamodb::ExpressionText view() const;
};

/// The transform language: `set`, `rename`, `default`, `remove`. All templates see the item as
/// read; then rename, set, default, remove apply in this order.
struct Transformation {
    /// A value as written: plain JSON where strings may hold `${...}` templates.
    std::vector<std::pair<std::string, json::Value>> set;
    std::vector<std::pair<std::string, std::string>> rename;  ///< from, to
    std::vector<std::pair<std::string, json::Value>> defaults;
    std::vector<std::string> remove;
    std::string file;  ///< for errors
};

class ItemEditor;
using ItemFunction = std::function<void(ItemEditor&)>;

/// The circumstances of one run of a transform in another language.
struct ForeignRun {
    const StepRun& run;
    dynamodb::KeySchema key;
    std::uint32_t lanes = 1;
};

/// A transform in another language. Threads: any.
class ForeignTransform {
public:
    virtual ~ForeignTransform() = default;
    /// For plans: "migrations/1.3.0.js".
    virtual std::string name() const = 0;
    /// Begins one run of it; what it is given outlives that.
    virtual std::unique_ptr<backfill::Transform> open(const ForeignRun& run) const = 0;
    /// Errors: what is wrong with it, as far as that shows without running it.
    virtual void check() const {}
    /// For trying it on a sample; nullptr: that is not possible.
    virtual std::shared_ptr<const backfill::Transform> trial(const dynamodb::KeySchema&) const {
        return nullptr;
    }
};

struct TransformStep {
    std::string table;
    OwnedExpression where;
    Transformation transformation;
    ItemFunction function;                            ///< C++ instead of a transformation
    std::shared_ptr<const ForeignTransform> foreign;  ///< instead of either
    /// What `function` may do besides changing attributes; anything undeclared quarantines the
    /// item. Either one makes the run collect the keys before it begins.
    bool function_changes_key = false;
    bool function_acts = false;  ///< puts, updates or deletes items of any table
    backfill::Guard guard;
    bool overwrite = false;
    BackfillOptions options;
};

struct CopyStep {
    std::string table;
    std::string to;
    OwnedExpression where;
    Transformation transformation;
    ItemFunction function;  ///< as in TransformStep; it may change the key
    std::shared_ptr<const ForeignTransform> foreign = nullptr;  ///< instead of either
    backfill::IfExists if_exists = backfill::IfExists::keep;
    BackfillOptions options;
};

struct UpdateStep {
    std::string table;
    OwnedExpression where;
    OwnedExpression expression;  ///< a DynamoDB update expression; names and values with where's
    BackfillOptions options;
};

struct DeleteStep {
    std::string table;
    OwnedExpression where;
    std::vector<std::shared_ptr<const dynamodb::OwnedItem>> keys;  ///< instead of where
    BackfillOptions options;
};

struct PutStep {
    std::string table;
    std::vector<std::shared_ptr<const dynamodb::OwnedItem>> items;
    std::string file;  ///< absolute path of .json, .ndjson, .csv, also .gz and .zst
    bool is_dynamodb_json = false;
    Transformation transformation;
    backfill::IfExists if_exists = backfill::IfExists::keep;
    BackfillOptions options;
};

struct VerifyStep {
    std::string table;
    OwnedExpression where;
    std::uint64_t expect = 0;
    BackfillOptions options;
};

struct PartiqlStep {
    std::string table;
    std::string statement;
    std::vector<dynamodb::AttributeValue> parameters;
    std::shared_ptr<const dynamodb::OwnedItem> owner;  ///< of the parameters
};

struct PitrStep {
    std::string table;
    bool enabled = true;
};

struct BackupStep {
    std::string table;
    std::string name;
};

struct TagStep {
    std::string table;
    std::map<std::string, std::string> tags;
    std::vector<std::string> removed;
};

struct TtlStep {
    std::string table;
    std::string attribute;
    bool enabled = true;
};

StepPtr make_create_table(CreateTable definition);
StepPtr make_delete_table(std::string table);
StepPtr make_update_table(UpdateTable change);
StepPtr make_create_index(std::string table, IndexDefinition definition, IndexBuild build = {});
StepPtr make_update_index(UpdateIndex change);
StepPtr make_delete_index(std::string table, std::string name);
/// With the whole definition the step has an inverse.
StepPtr make_delete_index(std::string table, IndexDefinition definition, bool verify_only = false);
StepPtr make_ttl(TtlStep step);
StepPtr make_pitr(PitrStep step);
StepPtr make_backup(BackupStep step);
StepPtr make_tag(const TagStep& step);
StepPtr make_transform(TransformStep step);
StepPtr make_copy(CopyStep step);
StepPtr make_update(UpdateStep step);
StepPtr make_delete(DeleteStep step);
StepPtr make_put(PutStep step);
StepPtr make_verify(VerifyStep step);
StepPtr make_partiql(PartiqlStep step);
/// Sugar over transform with rename/remove.
StepPtr make_rename_attribute(std::string table, std::string from, std::string to,
                              OwnedExpression where = {});
StepPtr make_remove_attribute(std::string table, std::string name, OwnedExpression where = {});

/// An item under a C++ transform: reads are recorded and guarded, changes become a minimal write.
///
/// Values returned as views live as long as the callback runs.
/// Errors: accessors of a type throw Error invalid_argument when the attribute is absent or of
///         another type: the item is quarantined with that message.
class ItemEditor {
public:
    /// `physical_name`: of a table as the callback names it; nothing: as it is.
    ItemEditor(const dynamodb::Item& item, base::Arena& arena, backfill::TransformOutput& out,
               std::function<std::string(const std::string&)> physical_name = {});

    bool has(std::string_view name);
    const dynamodb::AttributeValue* find(std::string_view name);
    std::string string(std::string_view name);
    std::string string_or(std::string_view name, std::string_view otherwise);
    /// The digits of a number, exact.
    std::string number(std::string_view name);
    std::int64_t integer(std::string_view name);
    bool boolean(std::string_view name);
    /// Raw bytes.
    std::string binary(std::string_view name);
    std::vector<std::string> string_set(std::string_view name);
    /// Digits, exact.
    std::vector<std::string> number_set(std::string_view name);
    std::vector<std::string> binary_set(std::string_view name);
    std::span<const dynamodb::AttributeValue> list(std::string_view name);
    dynamodb::Item map(std::string_view name);
    /// All attributes as read; the whole item is guarded then.
    const dynamodb::Item& item();

    void set(std::string_view name, std::string_view text);
    void set(std::string_view name, const char* text) { set(name, std::string_view(text)); }
    void set(std::string_view name, std::int64_t number);
    void set(std::string_view name, int number) { set(name, static_cast<std::int64_t>(number)); }
    void set(std::string_view name, bool value);
    /// `digits`: a number of up to 38 digits.
    void set_number(std::string_view name, std::string_view digits);
    void set_value(std::string_view name, const dynamodb::AttributeValue& value);
    void remove(std::string_view name);
    /// Deletes the item itself.
    void remove_item();

    /// Actions on any table; "" : this item's table.
    void put(std::string_view table, const dynamodb::Item& item,
             backfill::IfExists if_exists = backfill::IfExists::replace);
    void update(std::string_view table, const dynamodb::Item& key, const dynamodb::Item& attributes,
                std::vector<std::string> removed = {});
    void delete_item(std::string_view table, const dynamodb::Item& key);

    /// For making values that live long enough.
    base::Arena& arena() { return arena_; }
    /// Called by the step after the callback.
    void finish();

private:
    dynamodb::Attribute* current(std::string_view name);
    bool is_written(std::string_view name) const;
    std::string_view note_written(std::string_view name);
    void store(std::string_view name, const dynamodb::AttributeValue& value);
    std::string_view table_named(std::string_view table);

    const dynamodb::Item& before_;
    base::Arena& arena_;
    backfill::TransformOutput& out_;
    std::function<std::string(const std::string&)> physical_name_;
    std::vector<dynamodb::Attribute> attributes_;
    std::vector<std::string_view> written_;  ///< names that the callback has set or removed
    bool changed_ = false;
    bool removed_ = false;
};

}  // namespace dynamigrate::migrate
