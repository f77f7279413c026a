PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO experiments VALUES(0,'Default','/home/ada/mlruns/0','active',1795989937098,1795989937098,'default');
INSERT INTO experiments VALUES(1,'digits: a','/home/ada/mlruns/1','active',1795989937113,1795989937113,'default');
COMMIT;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO runs VALUES('83ed3626597b4c8fb085c318091355dd','fox ''one''','UNKNOWN','','','ada','FINISHED',1795989937139,1795989937336,'','active','/home/ada/mlruns/1/83ed3626597b4c8fb085c318091355dd/artifacts',1,NULL);
INSERT INTO runs VALUES('eef4667d380a4797859cda099c8ecef0','child','UNKNOWN','','','ada','FINISHED',1795989937288,1795989937321,'','active','/home/ada/mlruns/1/eef4667d380a4797859cda099c8ecef0/artifacts',1,NULL);
INSERT INTO runs VALUES('e812a73638234bcf8553e960de19ec29','broken','UNKNOWN','','','ada','FAILED',1795989937348,1795989937363,'','active','/home/ada/mlruns/1/e812a73638234bcf8553e960de19ec29/artifacts',1,NULL);
INSERT INTO runs VALUES('b509976c9f0f4ff5ab43fefeaa311d5a','gone','UNKNOWN','','','ada','FINISHED',1795989937377,1795989937393,'','deleted','/home/ada/mlruns/1/b509976c9f0f4ff5ab43fefeaa311d5a/artifacts',1,1795989937407);
INSERT INTO runs VALUES('735a81b931d641babd303ad6e9ed7f62','going on','UNKNOWN','','','unknown','RUNNING',1795989937423,NULL,'','active','/home/ada/mlruns/1/735a81b931d641babd303ad6e9ed7f62/artifacts',1,NULL);
COMMIT;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO metrics VALUES('train/loss',1.0,1795989937191,'83ed3626597b4c8fb085c318091355dd',0,0);
INSERT INTO metrics VALUES('train/loss',0.33333333333333331482,1795989937206,'83ed3626597b4c8fb085c318091355dd',1,0);
INSERT INTO metrics VALUES('train/loss',0.0,1795989937224,'83ed3626597b4c8fb085c318091355dd',2,1);
INSERT INTO metrics VALUES('train/loss',1.7976931348623156223e+308,1795989937236,'83ed3626597b4c8fb085c318091355dd',3,0);
INSERT INTO metrics VALUES('train/loss',-1.7976931348623156223e+308,1795989937247,'83ed3626597b4c8fb085c318091355dd',4,0);
INSERT INTO metrics VALUES('m',1.0,1795989937311,'eef4667d380a4797859cda099c8ecef0',0,0);
COMMIT;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO params VALUES('lr','0.1','83ed3626597b4c8fb085c318091355dd');
INSERT INTO params VALUES('bs','32','83ed3626597b4c8fb085c318091355dd');
INSERT INTO params VALUES('opt','adam','83ed3626597b4c8fb085c318091355dd');
INSERT INTO params VALUES('flag','True','83ed3626597b4c8fb085c318091355dd');
INSERT INTO params VALUES('text','1e-3','83ed3626597b4c8fb085c318091355dd');
INSERT INTO params VALUES('none','None','83ed3626597b4c8fb085c318091355dd');
COMMIT;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO tags VALUES('mlflow.user','ada','83ed3626597b4c8fb085c318091355dd');
INSERT INTO tags VALUES('mlflow.source.name','train.py','83ed3626597b4c8fb085c318091355dd');
INSERT INTO tags VALUES('mlflow.source.type','LOCAL','83ed3626597b4c8fb085c318091355dd');
INSERT INTO tags VALUES('k','v','83ed3626597b4c8fb085c318091355dd');
INSERT INTO tags VALUES('mlflow.note.content','a note','83ed3626597b4c8fb085c318091355dd');
INSERT INTO tags VALUES('mlflow.source.git.commit','8f3a1c5e','83ed3626597b4c8fb085c318091355dd');
INSERT INTO tags VALUES('mlflow.runName','fox ''one''','83ed3626597b4c8fb085c318091355dd');
INSERT INTO tags VALUES('mlflow.user','ada','eef4667d380a4797859cda099c8ecef0');
INSERT INTO tags VALUES('mlflow.source.name','train.py','eef4667d380a4797859cda099c8ecef0');
INSERT INTO tags VALUES('mlflow.source.type','LOCAL','eef4667d380a4797859cda099c8ecef0');
INSERT INTO tags VALUES('mlflow.parentRunId','83ed3626597b4c8fb085c318091355dd','eef4667d380a4797859cda099c8ecef0');
INSERT INTO tags VALUES('mlflow.runName','child','eef4667d380a4797859cda099c8ecef0');
INSERT INTO tags VALUES('mlflow.user','ada','e812a73638234bcf8553e960de19ec29');
INSERT INTO tags VALUES('mlflow.source.name','train.py','e812a73638234bcf8553e960de19ec29');
INSERT INTO tags VALUES('mlflow.source.type','LOCAL','e812a73638234bcf8553e960de19ec29');
INSERT INTO tags VALUES('mlflow.runName','broken','e812a73638234bcf8553e960de19ec29');
INSERT INTO tags VALUES('mlflow.user','ada','b509976c9f0f4ff5ab43fefeaa311d5a');
INSERT INTO tags VALUES('mlflow.source.name','train.py','b509976c9f0f4ff5ab43fefeaa311d5a');
INSERT INTO tags VALUES('mlflow.source.type','LOCAL','b509976c9f0f4ff5ab43fefeaa311d5a');
INSERT INTO tags VALUES('mlflow.runName','gone','b509976c9f0f4ff5ab43fefeaa311d5a');
INSERT INTO tags VALUES('mlflow.runName','going on','735a81b931d641babd303ad6e9ed7f62');
COMMIT;
