#pragma once

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/migrate/step.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// The database as the code of a migration has it.
///
/// Every write is journalled before it is sent, retried, paced and metered, and can be taken back
/// from the journal; in a dry run it goes to the overlay. The code need not know.
/// Tables are named as the migration names them; "" is the migration's own.
/// Threads: any.
/// Errors:  those of the service; cancelled when the run is stopped at once.
class Client {
public:
    Client(dynamodb::Service& service, const StepRun& run, std::string own_table);

    /// For everything that the functions below do not offer; takes physical names of tables.
    dynamodb::Service& service() noexcept { return service_; }
    /// The physical name of a table.
    std::string table(const std::string& name = {}) const;

    /// Consistent.
    std::optional<dynamodb::OwnedItem> get(const std::string& table, const dynamodb::Item& key);
    dynamodb::WriteResult put(const std::string& table, const dynamodb::Item& item,
                              const dynamodb::ExpressionText& condition = {});
    dynamodb::WriteResult update(const std::string& table, const dynamodb::Item& key,
                                 std::string_view update_expression,
                                 const dynamodb::ExpressionText& condition_and_substitutions = {});
    dynamodb::WriteResult remove(const std::string& table, const dynamodb::Item& key,
                                 const dynamodb::ExpressionText& condition = {});
    /// Calls `visit` for each item until it returns false; the item is valid during the call.
    void scan(const std::string& table, const std::function<bool(const dynamodb::Item&)>& visit);
    /// As `scan`; `input.table` as the migration names it.
    void query(dynamodb::QueryInput input, const std::function<bool(const dynamodb::Item&)>& visit);

    /// Creates the index and waits until it is built; nothing when it is there already.
    void create_index(const std::string& table, IndexDefinition index);
    /// Deletes the index and waits until it is gone; nothing when it is gone already.
    void delete_index(const std::string& table, std::string name);
    /// The table's indexes with their state. Errors: not_found for the table.
    std::vector<dynamodb::IndexDescription> indexes(const std::string& table);

    /// A line for people about what is going on.
    void tell(const std::string& line) const { run_.tell(line); }
    /// Whether the user asked to stop.
    bool is_stopping() const { return run_.stop.stop_requested(); }
    /// Ends the code when the user asked to stop: the run can be resumed. Errors: cancelled.
    void throw_if_stopping() const;
    /// Goes on where only a person can know that it is right.
    bool is_forced() const noexcept { return run_.force; }

private:
    const std::string& or_own(const std::string& name) const;
    void run_step(const Step& step);

    dynamodb::Service& service_;
    const StepRun& run_;
    std::string own_table_;
};

using CodeFunction = std::function<void(Client&)>;

/// A step that is C++ code.
struct CodeStep {
    std::string name;                 ///< for plans: "code: split addresses"
    std::string table;                ///< the migration's own, for the client
    std::vector<std::string> tables;  ///< others that it works on, for plans and pace
    CodeFunction code;
    /// Takes back what `code` did; without it, what `code` wrote is put back from the journal.
    CodeFunction inverse;
    /// Applied again to what a run that was cut short has done, it brings the same end. Else that is
    /// taken back from the journal before the code runs again.
    bool is_repeatable = false;
};

StepPtr make_code(CodeStep step);

}  // namespace dynamigrate::migrate
