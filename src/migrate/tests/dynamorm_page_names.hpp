#pragma once

#include <array>
#include <string_view>

namespace dynamigrate::migrate::testing {

/// What the page of DynamORM's package `migrations` names: functions, constants and types, these with
/// their fields and methods.
struct PageName {
    std::string_view name;
    std::string_view members;
};
inline constexpr auto kDynamormPage = std::to_array<PageName>({
    {"AddUserEmailIndex", "Up Down"},
    {"BaseMigration", "ID Version Description Dependencies"},
    {"EventInsert", ""},
    {"EventModify", ""},
    {"EventRemove", ""},
    {"ExampleAddUserLookupIndex", "Up Down"},
    {"ExampleDependentMigration", "Up Down"},
    {"GSIDefinition",
     "Name HashKey HashKeyType RangeKey RangeKeyType ProjectionType IncludeFields ReadCapacity "
     "WriteCapacity"},
    {"GSIHelper", "CreateGSI DeleteGSI GetGSIStatus ListGSIMigrations"},
    {"GSIMigration", "TableName GSI Up Down"},
    {"GSIMigrationRecord",
     "PK SK TableName GSIName HashKey HashKeyType RangeKey RangeKeyType ProjectionType "
     "IncludeFields ReadCapacity WriteCapacity Status CreatedAt Error"},
    {"GetClient", ""},
    {"GetLambdaClient", ""},
    {"GetRegistry", ""},
    {"InitializeModels", ""},
    {"MigrateOptions", "DryRun Target Force"},
    {"Migration", "ID Version Description Up Down Dependencies"},
    {"MigrationHistory",
     "PK SK ID Version Description AppliedAt AppliedBy Checksum Status Error GetTableKeys"},
    {"MigrationStatus",
     "PK SK LastMigrationID LastVersion UpdatedAt IsLocked LockedBy LockedAt GetTableKeys"},
    {"MigrationStatusKey", ""},
    {"Migrator",
     "Run MigrateAll MigrateTo Migrate GetPendingMigrations GetAppliedMigrations "
     "GetMigrationHistory GetMigrationStatus "
     "UpdateMigrationStatus Rollback RollbackLast RollbackSteps RollbackTo MigrateDown "
     "RollbackWithOptions GetRollbackPlan"},
    {"MustRegister", ""},
    {"NewAddActivityIndex", ""},
    {"NewAddUserEmailIndex", ""},
    {"NewBaseMigration", ""},
    {"NewExampleAddUserLookupIndex", ""},
    {"NewExampleDependentMigration", ""},
    {"NewExampleGSIMigration", ""},
    {"NewGSIHelper", ""},
    {"NewGSIMigration", ""},
    {"NewMigrator", ""},
    {"NewRegistry", ""},
    {"NewValidator", ""},
    {"Register", ""},
    {"Registry", "All Get Register MustRegister GetInOrder GetPending ValidateDependencies"},
    {"RollbackOptions", "DryRun Target Steps Force"},
    {"StatusActive", ""},
    {"StatusApplied", ""},
    {"StatusCurrent", ""},
    {"StatusPending", ""},
    {"StatusRolledBack", ""},
    {"ValidationError", "MigrationID Type Message"},
    {"ValidationResult", "Valid Errors Warnings Format"},
    {"ValidationWarning", "MigrationID Type Message"},
    {"Validator", "ValidateAll ValidateMigration ValidateRollback"},
});

}  // namespace dynamigrate::migrate::testing
