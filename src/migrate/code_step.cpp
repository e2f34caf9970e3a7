#include <dynamigrate/migrate/code_step.hpp>

#include "control_plane.hpp"
#include "journalled_code.hpp"
#include "step_checks.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

class CodingStep final : public Step {
public:
    explicit CodingStep(CodeStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "code"; }
    std::string summary() const override { return "code: " + step_.name; }
    std::vector<std::string> tables() const override {
        std::vector<std::string> tables = step_.tables;
        if (!step_.table.empty()) {
            tables.insert(tables.begin(), step_.table);
        }
        return tables;
    }
    Reversal reversal() const override {
        return {step_.inverse ? Reversal::Kind::inverse : Reversal::Kind::journal, {}};
    }
    std::unique_ptr<Step> inverse() const override {
        if (!step_.inverse) {
            return Step::inverse();
        }
        CodeStep back = step_;
        back.name = "back: " + step_.name;
        std::swap(back.code, back.inverse);
        return std::make_unique<CodingStep>(std::move(back));
    }
    bool is_repeatable() const override { return step_.is_repeatable; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        if (!step_.code) {
            Checks(place, findings).error("nothing_to_do", "the step has no code", "give it some");
        }
    }
    StepResult run(const StepRun& run) const override;

private:
    void call(const StepRun& run, dynamodb::Service& service) const;

    CodeStep step_;
};

StepResult CodingStep::run(const StepRun& run) const {
    return run_journalled(run, step_.is_repeatable, [&](dynamodb::Service& service) {
        call(run, service);
        return std::uint64_t{0};
    });
}

void CodingStep::call(const StepRun& run, dynamodb::Service& service) const {
    Client client(service, run, step_.table);
    try {
        step_.code(client);
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        throw Error(ErrorKind::failed_precondition,
                    std::string("the migration's code failed: ") + error.what());
    }
}

}  // namespace

Client::Client(dynamodb::Service& service, const StepRun& run, std::string own_table)
    : service_(service),
      run_(run),
      own_table_(std::move(own_table)) {}

const std::string& Client::or_own(const std::string& name) const {
    return name.empty() ? own_table_ : name;
}

std::string Client::table(const std::string& name) const { return run_.table(or_own(name)); }

std::optional<dynamodb::OwnedItem> Client::get(const std::string& table,
                                               const dynamodb::Item& key) {
    return dynamodb::get_item(service_, this->table(table), key);
}

dynamodb::WriteResult Client::put(const std::string& table, const dynamodb::Item& item,
                                  const dynamodb::ExpressionText& condition) {
    return dynamodb::put_item(service_, this->table(table), item, condition);
}

dynamodb::WriteResult Client::update(const std::string& table, const dynamodb::Item& key,
                                     std::string_view update_expression,
                                     const dynamodb::ExpressionText& condition_and_substitutions) {
    return dynamodb::update_item(service_, this->table(table), key, update_expression,
                                 condition_and_substitutions);
}

dynamodb::WriteResult Client::remove(const std::string& table, const dynamodb::Item& key,
                                     const dynamodb::ExpressionText& condition) {
    return dynamodb::delete_item(service_, this->table(table), key, condition);
}

void Client::scan(const std::string& table,
                  const std::function<bool(const dynamodb::Item&)>& visit) {
    dynamodb::scan(service_, this->table(table), true, visit);
}

void Client::query(dynamodb::QueryInput input,
                   const std::function<bool(const dynamodb::Item&)>& visit) {
    input.table = table(input.table);
    dynamodb::query(service_, input, visit);
}

void Client::run_step(const Step& step) {
    if (step.run(run_).stopped) {
        throw Error(ErrorKind::cancelled, "stopped");
    }
}

void Client::create_index(const std::string& table, IndexDefinition index) {
    run_step(*make_create_index(or_own(table), std::move(index)));
}

void Client::delete_index(const std::string& table, std::string name) {
    run_step(*make_delete_index(or_own(table), std::move(name)));
}

std::vector<dynamodb::IndexDescription> Client::indexes(const std::string& table) {
    return require_table(run_, this->table(table)).indexes;
}

void Client::throw_if_stopping() const { base::throw_if_stopped(run_.stop); }

StepPtr make_code(CodeStep step) { return std::make_shared<CodingStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
