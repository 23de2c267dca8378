package imagestest

// Operation identifies the kind of a request.
type Operation string

// The operations. OpUploadImage is used for both ImagesV1.Upload and
// ImagesV1.UploadFromURL, because the two differ only in the body of the request.
const (
	OpList          Operation = "ImagesV2.List"
	OpCreate        Operation = "DirectUploads.Create"
	OpUpload        Operation = "DirectUploads.Upload"
	OpPreflight     Operation = "DirectUploads.Preflight" // CORS preflight request of a browser before an upload
	OpGet           Operation = "ImagesV1.Get"
	OpBlob          Operation = "ImagesV1.Blob"
	OpUpdate        Operation = "ImagesV1.Update"
	OpDelete        Operation = "ImagesV1.Delete"
	OpUploadImage   Operation = "ImagesV1.Upload"
	OpStats         Operation = "ImagesV1.Stats"
	OpBatchToken    Operation = "ImagesV1.BatchToken" // sent automatically with cfimages.WithBatchAPI
	OpListKeys      Operation = "SigningKeys.List"
	OpCreateKey     Operation = "SigningKeys.Create"
	OpDeleteKey     Operation = "SigningKeys.Delete"
	OpListVariants  Operation = "Variants.List"
	OpGetVariant    Operation = "Variants.Get"
	OpCreateVariant Operation = "Variants.Create"
	OpUpdateVariant Operation = "Variants.Update"
	OpDeleteVariant Operation = "Variants.Delete"
	OpConfigure     Operation = "Variants.SetFlexible" // the settings of the account
	OpDeliver       Operation = "Delivery"
	OpUnknown       Operation = "Unknown" // unknown path, or unsupported method
)

// known reports whether op is one of the operations.
func (op Operation) known() bool {
	switch op {
	case OpList, OpCreate, OpUpload, OpPreflight,
		OpGet, OpBlob, OpUpdate, OpDelete, OpUploadImage, OpStats, OpBatchToken,
		OpListKeys, OpCreateKey, OpDeleteKey,
		OpListVariants, OpGetVariant, OpCreateVariant, OpUpdateVariant, OpDeleteVariant, OpConfigure,
		OpDeliver, OpUnknown:
		return true
	}
	return false
}
